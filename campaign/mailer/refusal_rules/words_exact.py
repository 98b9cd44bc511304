"""Sentences of single vendors that general words would misread. They are tried first."""

from campaign.mailer.refusal_rules.causes import RefusalCause as Cause
from campaign.mailer.refusal_rules.sources import WordsRule

EXACT_WORDS = (
    WordsRule(
        Cause.sender,
        "Exim",
        (r"verification failed for <?@", r"sender verify failed", r"callout verification failed"),
    ),
    WordsRule(Cause.sender, "GMX", (r"invalid dns mx",)),
    WordsRule(Cause.no_mailbox, "au", (r"@au>?: user unknown",)),
    WordsRule(Cause.unknown, "docomo", (r"^'?unknown user @'?\W*$", r"(^|-> |: ?): user unknown")),
    WordsRule(Cause.full, "Gmail", (r"out of storage", r"overquota(temp|perm)")),
    WordsRule(Cause.busy, "Gmail", (r"receiving mail (at a rate|too quickly)", r"receivingrate")),
    WordsRule(
        Cause.disabled, "Gmail", (r"account that you tried to reach is (disabled|inactive)",)
    ),
    WordsRule(
        Cause.no_mailbox,
        "Gmail",
        (
            r"account that you tried to reach does not exist",
            r"nosuchuser",
            r"because the address could(n't| not) be found",
        ),
    ),
    WordsRule(Cause.network, "Gmail", (r"dns error:",)),
    WordsRule(Cause.sender, "Gmail", (r"customfromdenied",)),
    WordsRule(
        Cause.no_mailbox,
        "Exchange",
        (
            r"recipient address rejected: access denied.{0,200}(outlook\.com|aka\.ms)",
            r"recip(ient)?notfound",
            r"resolver\.adr\.(ex|bad|inv)",
        ),
    ),
    WordsRule(
        Cause.no_mailbox, "Exchange", (r"recipient address rejected: access denied",), "5.4.1"
    ),
    WordsRule(Cause.policy, "Exchange", (r"resolver\.rst\.(auth|not)", r"restricted recipient")),
    WordsRule(Cause.no_domain, "Exchange", (r"recipient'?s domain does(n't| not) exist",)),
    WordsRule(Cause.no_domain, "Outlook.com", (r"because the domain is not reachable",)),
    WordsRule(Cause.disabled, "Yahoo", (r"account has been disabled or discontinued",)),
    WordsRule(
        Cause.no_mailbox, "Yahoo", (r"delivery error: .{0,20}doesn't have an? \S{1,80} account",)
    ),
    WordsRule(Cause.unknown, "Yahoo", (r"this user doesn't have an? \S{1,80} account",)),
    WordsRule(Cause.unknown, "Mail2000", (r"@ \[user unknown\]",)),
    WordsRule(
        Cause.no_mailbox, "RFC, sendmail", (r"(destination mailbox|recipient) address syntax",)
    ),
    WordsRule(Cause.no_mailbox, "iCloud", (r"inactive email address",)),
    WordsRule(Cause.rate, "Cox", (r"aup#(in|out|mxrt|cxmxrt|cxsmtp)-?1[0-9]10",)),
    WordsRule(Cause.blocklist, "Cox", (r"aup#",)),
    WordsRule(Cause.no_mailbox, "Orange", (r"\b(lpn|ofr)\d{0,6}_4[01]6",)),
    WordsRule(Cause.disabled, "Orange", (r"\blpn\d{3}_426", r"compte du destinataire est bloqu")),
    WordsRule(
        Cause.rate,
        "GoDaddy, Gmail, QQ",
        (r"sent to too many recipients", r"frequency limited"),
    ),
    WordsRule(
        Cause.null_mx,
        "sendmail, OpenSMTPD, Exim",
        (r"(host|domain) does not accept (e-?)?mail", r"srv record indicated no smtp service"),
    ),
    WordsRule(
        Cause.no_domain,
        "DragonFly, sendmail, qmail",
        (
            r"dns lookup failure: host \S{1,255} not found",
            r"host unknown \(name server",
            r"could(n't| not) find (a mail exchanger|any host)",
        ),
    ),
    WordsRule(Cause.no_domain, "cPanel", (r"the account or domain may not exist",)),
    WordsRule(Cause.no_mailbox, "IMail", (r"invalid final delivery userid",)),
    WordsRule(Cause.no_mailbox, "Domino", (r"not listed in (the )?(domino|public)",)),
    WordsRule(
        Cause.network,
        "Postfix, any",
        (r"host not found, try again", r"temporary failure in name"),
    ),
)
