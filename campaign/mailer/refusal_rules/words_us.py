"""Words by which servers refuse us: our relay, our sender address, our network, our pace, our message."""

from campaign.mailer.refusal_rules.causes import RefusalCause as Cause
from campaign.mailer.refusal_rules.sources import WordsRule

US_WORDS = (
    WordsRule(
        Cause.relay,
        "Postfix, Exim, sendmail, Exchange",
        (
            r"\brelay(ing)?\b.{0,40}\b(denied|prohibited|not (allowed|permitted)|rejected|forbidden)",
            r"unable to relay",
            r"not (configured|allowed|permitted) to relay",
            r"\bno relay",
            r"(n't|not) relay",
            r"not an open relay|not a gateway",
        ),
    ),
    WordsRule(
        Cause.relay,
        "qmail",
        (r"list of allowed rcpthosts", r"recipient domain (is )?not (allowed|permitted)"),
    ),
    WordsRule(Cause.sender, "SES", (r"(email address|identit\w{1,5}) (is|are) not verified",)),
    WordsRule(
        Cause.tls,
        "any",
        (
            r"(must|need to|requires?|please) (\w{1,10} ){0,3}(start)?tls",
            r"\b((start)?tls|encryption) (\w{1,10} ){0,3}(required|needed|fail)",
            r"certificate (\w{1,10} ){0,3}(fail|invalid|expired|verif|not trusted|untrusted)",
        ),
    ),
    WordsRule(
        Cause.domain_authentication,
        "Gmail, Exchange, Yahoo, iCloud, Mail.ru, QQ",
        (
            r"\b(spf|dkim|dmarc)\b",
            r"unauthenticated (e-?)?mail",
            r"sender is unauthenticated",
            r"authentication information",
            r"unauthenticated senders?",
            r"purported responsible",
        ),
    ),
    WordsRule(
        Cause.domain_authentication,
        "Exim, GMX, Gmail, OpenSMTPD",
        (
            r"reverse[ -]?(dns|lookup|host|resolution|mapping)",
            r"\b(rdns|ptr|helo|ehlo)\b",
            r"ip name lookup",
            r"mismatch\w{0,3} client ip",
            r"(does not|doesn't|not) resolve",
            r"hostname lookup",
            r"dynamic (ip|host|address)",
            r"forward.confirmed",
            r"no (host|dns) name",
        ),
    ),
    WordsRule(
        Cause.authentication,
        "any",
        (
            r"authenticat\w{1,4} (is )?(required|failed|needed|first)",
            r"not (be )?authenticated",
            r"smtp auth",
            r"must (be )?(authenticat|log ?in|sign in)",
            r"log ?in (first|required)",
            r"pop before smtp",
            r"credentials",
        ),
    ),
    WordsRule(
        Cause.sender,
        "Postfix, Exim, sendmail, SES",
        (
            (
                r"\b(sender|return.path|mail.?from|from address|envelope from|from header)\b.{0,60}"
                r"(reject|denied|refus|invalid|verif|unknown|not (allowed|exist|accept|found|valid|permit)"
                r"|does|bad|block|n't|must|not resolve)"
            ),
            r"domain of sender",
            r"sender'?s? (domain|address|verify)",
            r"(bad|invalid|unknown|reject\w{0,3}) sender",
            r"(not|n't) allowed to (send|post)",
            r"permission to (send|post|mail)",
            r"verification failed for <?@",
            r"valid sender domain",
            r"\bfrom: (domain|address)|valid from\b",
            r"callout",
        ),
    ),
    WordsRule(
        Cause.daily_limit,
        "Gmail, Exchange, SES, SendGrid, Zoho",
        (
            r"(daily|per day|24.hour)\b.{0,50}\b(limit|quota|exceed|maximum)",
            r"(limit|quota|exceed\w{0,4}|maximum)\b.{0,50}\b(daily|per day|24.hour|today)",
            r"sending (limit|quota)",
            r"message quota exceeded",
            r"maximum credits",
            r"reached (a|the|your) limit",
        ),
    ),
    WordsRule(
        Cause.rate,
        "Yahoo, Outlook.com, GMX, Comcast, QQ, Mail.ru",
        (
            r"rate.?limit",
            r"throttl",
            (
                r"too (many|much) (\w{1,12} ){0,2}(connect|messages|mails?|emails|recip|session"
                r"|concurrent|errors|request|invalid|sent|letters)"
            ),
            r"exceed\w{0,3} (\w{1,12} ){0,4}(rate|connections|frequency)",
            r"sending rate",
            r"unexpected volume",
            r"frequency",
            r"(hour|minute)ly (limit|quota)",
            r"limit (per|for) hour",
            r"per (hour|minute)\b",
            r"slow down",
            r"unusual (rate|volume|sending)",
            r"traffic (limit|shap)",
            r"(limit|max)\w{0,4} rate",
        ),
    ),
    WordsRule(
        Cause.blocklist,
        "any, Proofpoint, Barracuda, Outlook.com, GMX",
        (
            r"(black|block|deny) ?-?list",
            r"\b(d?nsbl|rbls?)\b",
            r"blackhole",
            r"spamhaus|spamcop|sorbs\b|barracuda(central|networks)|cloudmark|senderscore",
            r"\bbl\?|\(bl\)",
            r"banned (sending )?ip",
            r"blocked (using|by|at|ip)",
            r"\bip\b.{0,40}\b(block|ban|reject|refus|listed|denied)",
            r"(block|ban|reject|deny|denied)\w{0,3} (\w{1,10} ){0,3}ip\b",
            r"client host (block|reject|denied)",
            r"reputation",
            (
                r"\b(client|host|server|network|domain|connection)s? (\w{1,10} ){0,2}"
                r"(is|was|are|has been|have been) (currently )?(block|banned|listed|denied)"
            ),
            r"(?<!not )listed (in|at|on|by) ",
        ),
    ),
    WordsRule(
        Cause.content,
        "any, Barracuda, Mimecast, Symantec",
        (
            r"\bspam|spam\b|spamsig",
            r"\bube\b",
            r"unsolicited",
            r"\bjunk",
            r"\bbulk (e-?)?mail",
            r"virus|malware|phish|infected|suspicious|fraud|abus(e|ive)",
            r"content (\w{1,10} ){0,2}(reject|block|not|filter|presents|denied|restrict)",
            r"(message|mail|rejected|blocked).{0,20}\bcontent",
            r"message filtered",
            r"banned (file|content)",
            r"attachment",
        ),
    ),
    WordsRule(
        Cause.protocol,
        "any",
        (
            r"rfc ?\d{3,4}.{0,20}complian",
            r"not.{0,20}rfc ?\d{3,4}",
            r"header",
            r"syntax",
            r"protocol (violation|error)",
            r"multiple (addresses|subject)",
            r"8-bit",
            r"improper (use|sequence)",
            r"(bad )?sequence of commands|bad sequence",
            r"command (parameter|not|unrecogni|argument)|unrecogni[sz]ed command|not implemented",
            r"malformed (message|mail)",
            r"bare (lf|cr|newline)",
            r"pipelining",
            r"line (is )?too long",
            r"transaction failed",
        ),
    ),
    WordsRule(
        Cause.size,
        "any",
        (
            r"(message|mail|e-?mail|data|file|body|content)\b.{0,40}(too (large|big|long)|size|length)",
            r"size (limit|exceed)",
            r"(larger|longer|bigger) than",
            r"exceed\w{0,3} (\w{1,10} ){0,4}(size|length)",
            r"too (large|big)\b",
            r"maximum (allowed |message )?(size|length)",
        ),
    ),
    WordsRule(
        Cause.policy,
        "any, Yahoo, Mimecast, Exchange",
        (
            r"polic(y|ies)",
            r"access (is )?denied",
            r"host network not allowed",
            r"not (allowed|permitted|authori[sz]ed)",
            r"prohibited|forbidden|\bdenied\b|banned|blocked\b|\bblock(ed)? -",
            r"administrat\w{1,7} (prohibit|reject|den)",
            r"security",
            r"recipient preferences",
            r"unacceptable|not welcome",
            r"you are not",
            r"confidential|restricted",
            r"whitelist|allow ?list|moderat",
            r"only accepts? (mail|messages) from",
            r"rejected due to",
        ),
    ),
)
