"""Words by which servers say that there is no such mailbox or domain, or that its owner has moved."""

from campaign.mailer.refusal_rules.causes import RefusalCause as Cause
from campaign.mailer.refusal_rules.sources import WordsRule

_WHO = r"(user|recipient|mail ?box|account|address|alias|addressee|person|name|local.?part|subscriber|customer)s?"

ADDRESS_WORDS = (
    WordsRule(
        Cause.null_mx,
        "RFC, OpenSMTPD, Yahoo, qmail",
        (
            r"null ?mx",
            r"(doesn't|does not|not) (accept|receive|take) (any )?(e-?mail|mail)s?\b",
            r"no mail service",
        ),
    ),
    WordsRule(
        Cause.moved,
        "RFC, iCloud",
        (
            r"no longer on (this )?server",
            r"not our (user|customer)",
            r"\b(has|have) moved|user moved",
            r"no longer (works?|employed|with us|with the|at this|here|a (user|customer|member))",
            r"has left (the )?(company|organi)",
            r"changed (his|her|their) (e-?mail )?address",
        ),
    ),
    WordsRule(
        Cause.no_domain,
        "Postfix, Exim, sendmail, qmail, OpenSMTPD, Courier",
        (
            (
                r"(host|domain)( name)?( or domain name)? (is )?"
                r"(not found|unknown|not known|non-?existent|invalid)"
            ),
            r"(invalid|unknown|no such|non-?existent) (mail )?(host|domain)",
            r"(couldn't|could not|can't|cannot) find any host",
            r"nxdomain",
            r"(host|domain)( name)? (does not|doesn't|did not) exist",
            r"unrout\w{1,5} mail domain",
            r"mx records point to non-existent",
            r"illegal host/domain|bad destination host",
            r"no (valid )?(mx|mail exchanger)",
        ),
    ),
    WordsRule(
        Cause.no_mailbox,
        "any, Postfix, Exim, sendmail, qmail, Exchange, Yahoo, Domino, GMX, Comcast, QQ",
        (
            _WHO + r"( name| address| account|\(s\))?( @)?( is| was| were| are)? "
            r"(unknown|not (found|known|exist|registered|valid|recogni[sz]ed|listed|local|present|on file"
            r"|here|matched)|non-?existent|invalid|incorrect|undeliverable|unavailable|rejected|refused"
            r"|deleted|removed|closed|(does|do|did) ?(not|n't) exist|doesn't exist"
            r"|no longer (exists?|valid|available|active|in use)|has been (deleted|closed|removed))",
            r"(unknown|no such|not a (known|valid)|invalid|bad|non-?existent|unrout\w{1,5}|unknown or illegal"
            r"|illegal|undeliverable|wrong) (local |virtual |destination |e-?mail |mail |final )?"
            + _WHO,
            _WHO + r"\b.{0,60}\b(does not exist|doesn't exist|not exist|not found|not have an"
            r"|no longer exist|could ?n.t be found)",
        ),
    ),
    WordsRule(
        Cause.no_mailbox,
        "sendmail, qmail, Exim, Courier, Zoho, Domino",
        (
            (
                r"no (mail ?box|user|account|recipient|one|person|valid recipients?) "
                r"(here |there )?(by|with|named|called|under|of|for|found)"
            ),
            r"(doesn't|does not|don't) have (an?|any|this) (account|user|mail ?box|\S{1,80} account)",
            r"unable to (find|validate) (\w{1,10} ){0,2}(recipient|user)",
            r"(couldn't|could not|can't|cannot|wasn't|was not) (\w{1,10} )?(found|be found|find)",
            r"not (listed )?in (the )?(domino|public|address|domain) |not listed in",
            r"no account|no mail ?box|no such person|not a user|not known (here|at this)",
            r"verify the address|address(ee)? unknown|unknown to this",
        ),
    ),
)
