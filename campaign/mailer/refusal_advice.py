"""What staff can do about a refusal that is not the recipient's fault, and how a stop of sending is described."""

from collections.abc import Mapping
from types import MappingProxyType

from campaign.mailer.refusal_meaning import RefusalCause
from campaign.models import MailLane, MailOutage

_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        RefusalCause.relay: "Ask the mail host to let this server send to everybody, or sign in: put the user and"
        " password into SMTP_URL and use the submission port, 587",
        RefusalCause.authentication: "Check the user and password in SMTP_URL, and that the port takes a sign-in (587"
        " or 465)",
        RefusalCause.domain_authentication: "Publish the SPF, DKIM and DMARC records that `campaign mail check` prints",
        RefusalCause.sender: "Let the mail host's account send as MAIL_FROM and MAIL_BOUNCES, or change these settings",
        RefusalCause.policy: "Ask the mail host which rule was broken, with the words above",
        RefusalCause.blocklist: "Ask the mail host to have its address taken off the blocklist",
        RefusalCause.content: "The text looks like spam to the server: change the text, or ask the mail host",
        RefusalCause.rate: "Send more slowly: lower MAIL_RATE and MAIL_CONNECTIONS to what the mail host allows",
        RefusalCause.daily_limit: "The day's limit is used up: wait for the next day, or have the mail host raise it",
        RefusalCause.size: "Have the mail host accept larger messages",
        RefusalCause.tls: "Check the mail server's certificate and name, and starttls=1 or smtps:// in SMTP_URL",
        RefusalCause.protocol: "Check that SMTP_URL names a mail server for sending, with its port",
        RefusalCause.full: "Wait, or ask the mail host: a disk or a mailbox is full",
        RefusalCause.no_mailbox: "A server that says this to everybody has lost its list of addresses or its route: ask"
        " the mail host. If only this address is unknown, create the mailbox",
    }
)
_OTHERWISE = "Ask the mail host, with the words above"
_LANES: Mapping[str, str] = {
    MailLane.bulk: "Campaign emails are",
    MailLane.single: "Receipts and other single emails are",
}


def advice(cause: str) -> str:
    """Return what to do about a refusal of that cause, without a period."""
    return _ADVICE.get(cause, _OTHERWISE)


def describe_outage(outage: MailOutage) -> str:
    """Return what is stopped, why, what happens by itself, and what to do. For staff, in English."""
    who = f"{outage.readers} recipients in a row" if outage.readers else "the connection"
    what = f"{_LANES[outage.lane]} not sent: the mail server refused {who} ({outage.words})."
    if outage.closed_at is not None:
        return f"{what} It accepts them again, and nobody was suppressed."
    return (
        f"{what} {advice(outage.cause)}. Nobody is suppressed; one email is tried every few minutes, and the others"
        " follow once it is accepted."
    )
