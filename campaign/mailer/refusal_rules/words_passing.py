"""Words about what passes: a full or locked mailbox, a busy or unreachable server, a delivery given up."""

from campaign.mailer.refusal_rules.causes import RefusalCause as Cause
from campaign.mailer.refusal_rules.sources import WordsRule

PASSING_WORDS = (
    WordsRule(
        Cause.full,
        "any, Dovecot, Cyrus, Exchange, Mail.ru, QQ",
        (
            r"quota",
            (
                r"(mail ?box|inbox|maildrop|mail ?folder|account|user|recipient)'?s?\b.{0,40}\b"
                r"(full|over.?(limit|size|drawn))"
            ),
            r"\bfull (mail ?box|inbox)|mailboxfull",
            r"(not enough|insufficient|out of|no|exceed\w{0,3}) (\w{1,12} ){0,3}(storage|space)",
            r"storage (\w{1,10} ){0,3}(exceed|full|limit)",
            r"disk (is )?full",
            r"exceed\w{0,3} (\w{1,12} ){0,4}(storage|mailbox size)",
            r"over (the )?(allowed|maximum|storage)",
        ),
    ),
    WordsRule(
        Cause.disabled,
        "any, Yahoo, Gmail, GMX, Orange",
        (
            (
                r"(mail ?box|account|user|recipient|address)\b.{0,60}\b(disabled|suspend|locked|frozen|inactiv"
                r"|deactivat|blocked|not active|dormant|expired|on hold)"
            ),
            (
                r"(disabled|suspended|inactive|locked|frozen|deactivated) (\w{1,12} ){0,2}"
                r"(account|mail ?box|user|recipient|address)"
            ),
            r"temporar\w{1,3} (locked|disabled|suspended)",
        ),
    ),
    WordsRule(
        Cause.expired,
        "any, Exim, Postfix, Exchange, SES",
        (
            r"\bexpired\b",
            r"queue ?time|too long in (the )?queue|in (the )?queue (too|for)|queued? too long|max queue",
            r"retry time|retrying for|retry timeout|timeout exceeded|delivery time",
            r"(unable|could not|not able) to deliver (\w{1,10} ){0,5}(within|in \d|after \d|for \d)",
            r"(not|n't) (be )?(delivered|sent) (\w{1,10} ){0,4}(within|after|for) (\w{1,8} )?\d",
            r"maximum (retry|time|attempt)",
            r"(retry|attempt)\w{0,4} (limit|count) (exceed|reach)",
            r"timed? ?out",
        ),
    ),
    WordsRule(
        Cause.network,
        "any, Postfix, qmail, sendmail",
        (
            r"connect(ion)?\b.{0,60}\b(refused|reset|lost|failed|dropped|closed|aborted|broken|unexpected)",
            r"connection died|lost connection",
            (
                r"(can't|cannot|could ?n't|could not|unable to|failed to) (\w{1,10} ){0,3}"
                r"(connect|establish|contact|reach|open)"
            ),
            r"unreachable|not reachable|no route",
            r"network (error|problem|is)",
            r"(too many|maximum|max) hop|hop count",
            r"\bloop|mail ?loop",
            r"name ?server|dns (error|failure|query|lookup|server)|lookup (failure|failed)|servfail",
            r"not respond|no answer|not accept our requests",
        ),
    ),
    WordsRule(
        Cause.busy,
        "any",
        (
            r"gr[ea]y ?-?list",
            r"again (later|in \d)|try later|later\b",
            r"temporar|tempfail|deferr",
            r"system (load|resources|is busy|error|problem|failure)",
            r"too busy|overload|insufficient (system|disk|resources)|resources",
            (
                r"(service|server|system) (\w{1,10} ){0,3}"
                r"(unavailable|not available|down|maintenance|offline|busy|not ready)"
            ),
            r"(internal|local|write) error|mailer error|config\w{0,8} error|maintenance",
            r"not accepting (connections|messages|mail)|no smtp service",
            r"can't create output|procmail|exit(ed)? (code|status)",
        ),
    ),
)
