"""Check the email setup before the first email: configuration, headers, alignment and the server's replies.

Used by `campaign mail check`. This sends no email and makes no DNS query; it prints the DNS records that are needed.
"""

import smtplib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from campaign.core.errors import MailRefused
from campaign.core.outside_text import read_ip, read_our_url
from campaign.core.provider_settings import (
    BREVO,
    MAILGUN,
    POSTMARK,
    SENDGRID,
    SES,
    SPARKPOST,
    ProviderSettings,
)
from campaign.core.refused_replies import RefusedReply
from campaign.core.settings import MailSettings, Settings, SmtpAddress
from campaign.mailer.addresses import bounce_address, wire_address
from campaign.mailer.headers import bulk_headers
from campaign.mailer.kinds import EmailKind
from campaign.mailer.message import LONGEST_LINE, build_message
from campaign.mailer.refusal_advice import advice
from campaign.mailer.refusal_meaning import RefusalAbout
from campaign.mailer.render import RenderedEmail
from campaign.mailer.smtp import ConnectionLost, SmtpSession, judge_connection, judge_reply

TOKEN = "a" * 46
"""As long as a message's token."""
_HERE = ("localhost", "127.0.0.1", "::1")
_CERTIFICATES = {
    9: "it is not valid yet; check the clock",
    10: "it has expired",
    18: "it is self-signed",
    19: "it is signed by an authority that is not known here",
    20: "it is signed by an authority that is not known here, or an intermediate certificate is missing",
    21: "an intermediate certificate is missing",
    62: "it is for another name",
    64: "it is for another IP address",
}
"""What OpenSSL's verification errors mean: https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/"""


class Verdict(StrEnum):
    """The result of a check: fine, a note, not checkable from here, or wrong."""

    fine = "ok"
    note = "note"
    unknown = "not checked"
    wrong = "WRONG"


@dataclass(frozen=True)
class PreflightFinding:
    """The result of one check and its description."""

    verdict: Verdict
    words: str


def findings(settings: Settings, at: datetime, to: str = "") -> Iterator[PreflightFinding]:
    """Yield the result of every check. `to` is whom the mail server is asked about, by default ALERTS_TO."""
    yield _site(settings.site_url)
    yield from _addresses(settings)
    yield from _sample(settings, at)
    yield from _server(settings, to or settings.mail.alerts_to or settings.mail_from.address)
    yield from _provider(settings.mail)


_EVENT_SETTINGS: dict[str, tuple[str, Callable[[ProviderSettings], tuple[str, ...]]]] = {
    SES: ("SES_TOPIC_ARN", lambda found: found.ses_topics),
    POSTMARK: ("POSTMARK_WEBHOOK_SECRET", lambda found: found.postmark_secrets),
    MAILGUN: ("MAILGUN_WEBHOOK_KEY", lambda found: found.mailgun_keys),
    SENDGRID: ("SENDGRID_WEBHOOK_KEY", lambda found: found.sendgrid_keys),
    SPARKPOST: ("SPARKPOST_WEBHOOK_SECRET", lambda found: found.sparkpost_secrets),
    BREVO: ("BREVO_WEBHOOK_SECRET", lambda found: found.brevo_secrets),
}


def _provider(mail: MailSettings) -> Iterator[PreflightFinding]:
    """Say whether the provider that sends can report bounces."""
    found = mail.providers
    if not found.sending:
        if not mail.events_secret:
            words = "MAIL_EVENTS_SECRET is not set: mail providers cannot report bounces"
            yield PreflightFinding(Verdict.note, words)
        return
    name, value = _EVENT_SETTINGS[found.sending]
    if value(found):
        words = f"{found.sending} reports bounces to /mail/events/{found.sending}"
        yield PreflightFinding(Verdict.fine, words)
    else:
        words = f"{name} is not set: {found.sending} cannot report bounces (docs/mail-providers.md)"
        yield PreflightFinding(Verdict.note, words)


def _site(url: str) -> PreflightFinding:
    parts = read_our_url(url)
    if parts.scheme != "https":
        words = f"SITE_URL is {url}: one-click unsubscribe needs https (RFC 8058)"
        return PreflightFinding(Verdict.wrong, words)
    if parts.hostname in _HERE or "." not in (parts.hostname or ""):
        return PreflightFinding(Verdict.wrong, f"SITE_URL is {url}: readers cannot reach it")
    return PreflightFinding(Verdict.fine, f"SITE_URL is {url}")


def _addresses(settings: Settings) -> Iterator[PreflightFinding]:
    sender, bounces = settings.mail_from, settings.mail.bounces
    for name, address in (("MAIL_FROM", sender.address), ("ALERTS_TO", settings.mail.alerts_to)):
        yield _usable(name, address)
    if not bounces:
        words = (
            f"MAIL_BOUNCES is not set: bounces go to {sender.address}, where people must read them"
        )
        yield PreflightFinding(Verdict.note, words)
        return
    yield _usable("MAIL_BOUNCES", bounce_address(bounces, TOKEN))
    domain = bounces.rpartition("@")[2]
    yield _aligned("the envelope domain (MAIL_BOUNCES)", domain, sender.domain)


def _usable(name: str, address: str) -> PreflightFinding:
    if not address:
        return PreflightFinding(Verdict.wrong, f"{name} is not set")
    try:
        wire_address(address)
    except MailRefused as error:
        return PreflightFinding(Verdict.wrong, f"{name}: {error}")
    if "." not in address.rpartition("@")[2]:
        return PreflightFinding(Verdict.wrong, f"{name} is {address}: its domain has no dot")
    return PreflightFinding(Verdict.fine, f"{name} is {address}")


def _aligned(what: str, domain: str, sender: str) -> PreflightFinding:
    """Check DMARC's relaxed alignment, approximated without a list of public suffixes."""
    one, other = domain.lower(), sender.lower()
    if one == other or one.endswith(f".{other}") or other.endswith(f".{one}"):
        return PreflightFinding(Verdict.fine, f"{what}, {domain}, is aligned with From")
    return PreflightFinding(
        Verdict.wrong, f"{what}, {domain}, is not aligned with From, {sender}: DMARC ignores SPF"
    )


def sample(settings: Settings, at: datetime) -> bytes:
    """Return a sample campaign email with the longest expected headers."""
    page = f"{settings.site_url}/unsubscribe/{TOKEN}"
    return build_message(
        RenderedEmail("A sample", "A sample.\n", "<p>A sample.</p>\n"),
        sender=settings.mail_from,
        recipient=settings.mail_from.address,
        message_id=f"<appeal-{TOKEN}@{settings.mail_from.domain}>",
        at=at,
        headers=bulk_headers(
            settings.mail_from,
            settings.organization.name,
            page,
            ("c99999", "s99999", EmailKind.appeal),
        ),
    )


def _sample(settings: Settings, at: datetime) -> Iterator[PreflightFinding]:
    try:
        raw = sample(settings, at)
    except (MailRefused, ValueError) as error:
        yield PreflightFinding(
            Verdict.wrong, f"the headers of a campaign email cannot be written: {error}"
        )
        return
    lines = raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    wanted = [
        f"List-Unsubscribe: <{settings.site_url}/unsubscribe/{TOKEN}>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ]
    for line in wanted:
        name = line.partition(":")[0]
        verdict = Verdict.fine if line in lines else Verdict.wrong
        yield PreflightFinding(verdict, f"{name} is on one line, as required")
    longest = max(map(len, lines))
    verdict = Verdict.fine if longest <= LONGEST_LINE else Verdict.wrong
    yield PreflightFinding(
        verdict, f"the longest header has {longest} of {LONGEST_LINE} characters"
    )
    message_id = next(line for line in lines if line.startswith("Message-ID:"))
    domain = message_id.rpartition("@")[2].rstrip(">")
    yield _aligned("the Message-ID domain", domain, settings.mail_from.domain)


def _server(settings: Settings, to: str) -> Iterator[PreflightFinding]:
    """Connect, encrypt, sign in and ask whether the server takes mail, then reset and disconnect."""
    address = settings.smtp
    where = f"{address.host}:{address.port}"
    if address.security == "plain" and address.host not in _HERE:
        verdict = Verdict.wrong if address.password else Verdict.note
        yield PreflightFinding(verdict, f"SMTP_URL: the connection to {where} is not encrypted")
    try:
        smtp_session = SmtpSession.begin(address)
    except (smtplib.SMTPException, OSError) as error:
        yield _no_connection(error, where)
        return
    try:
        yield _extensions(smtp_session, address, where)
        yield _asked(smtp_session, settings, to)
    finally:
        smtp_session.end()


def _extensions(smtp_session: SmtpSession, address: SmtpAddress, where: str) -> PreflightFinding:
    known = [name for name in ("pipelining", "smtputf8", "size") if smtp_session.offers(name)]
    language = "encrypted, " if address.security != "plain" else ""
    language += "signed in, " if address.user else "without a password, "
    words = f"the mail server {where} replies: {language}extensions {known}"
    return PreflightFinding(Verdict.fine, words)


def _no_connection(error: Exception, where: str) -> PreflightFinding:
    """Say what is wrong with the connection, or that the server is out of reach from here."""
    if isinstance(error, ssl.SSLCertVerificationError):
        what = _CERTIFICATES.get(error.verify_code, error.verify_message)
        words = (
            f"the mail server's certificate at {where} cannot be trusted: {what}. {advice('tls')}"
        )
        return PreflightFinding(Verdict.wrong, words)
    reply = judge_connection(error)
    if reply is None:
        words = f"the mail server {where} cannot be reached: {error}"
        return PreflightFinding(Verdict.unknown, words)
    words = f"the mail server {where} refused the connection: {reply.words}. {advice(reply.cause)}"
    return PreflightFinding(Verdict.wrong if reply.permanent else Verdict.note, words)


def _asked(smtp_session: SmtpSession, settings: Settings, to: str) -> PreflightFinding:
    """Ask for MAIL and RCPT as for a real email, up to the point where it would be sent."""
    bounces = settings.mail.bounces
    try:
        sender = wire_address(
            bounce_address(bounces, TOKEN) if bounces else settings.mail_from.address
        )
        recipient = wire_address(to)
        command, answer = smtp_session.ask(sender, recipient)
    except (MailRefused, ConnectionLost) as error:
        return PreflightFinding(Verdict.wrong, str(error).rstrip("."))
    asked = f"asked to send from {sender} to {recipient}, the mail server"
    if answer.taken:
        return PreflightFinding(Verdict.fine, f"{asked} says: {answer}")
    reply = judge_reply(answer, command)
    verdict = Verdict.wrong if answer.permanent else Verdict.note
    return PreflightFinding(
        verdict, f"{asked} answers {command} with: {answer}. {_what_to_do(reply)}"
    )


def _what_to_do(reply: RefusedReply) -> str:
    if reply.permanent or reply.about == RefusalAbout.us:
        return advice(reply.cause)
    return "It asks to try again later, as the service does; check again in a few minutes"


def records(settings: Settings) -> list[str]:
    """Return the DNS records that are needed, ready to paste. Words in capitals come from the mail host."""
    sender = settings.mail_from.domain
    bounces = settings.mail.bounces.rpartition("@")[2]
    envelope = bounces or sender
    reports = f"rua=mailto:{settings.mail.alerts_to or settings.mail_from.address}"
    found = [
        f'{envelope}.  IN TXT  "v=spf1 {_mechanism(settings.smtp.host)} ~all"',
        f'SELECTOR._domainkey.{sender}.  IN TXT  "v=DKIM1; k=rsa; p=PUBLIC-KEY"',
        f'_dmarc.{sender}.  IN TXT  "v=DMARC1; p=quarantine; adkim=r; aspf=r; {reports}"',
    ]
    if bounces:
        found.append(f"{bounces}.  IN MX   10 HOST-THAT-TAKES-BOUNCES.")
    return found


def _mechanism(host: str) -> str:
    """Return the SPF mechanism for the mail server (RFC 7208, 5)."""
    address = read_ip(host)
    return f"ip{address.version}:{host}" if address else f"a:{host}"
