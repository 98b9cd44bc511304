"""What can be said before the first letter goes out: configuration, headers, alignment, and the server's own answers.

For `campaign mail check`. Nothing is sent and nothing is looked up in the DNS: what must hold there is told.
"""

import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from campaign.core.errors import MailRefused
from campaign.core.settings import Settings, SmtpAddress
from campaign.mailer.addresses import bounce_address, wire_address
from campaign.mailer.headers import bulk_headers
from campaign.mailer.kinds import EmailKind
from campaign.mailer.message import LONGEST_LINE, build_message
from campaign.mailer.render import RenderedEmail
from campaign.mailer.smtp import SmtpSession

TOKEN = "A" * 22
"""As long as the tokens of messages are."""
_HERE = ("localhost", "127.0.0.1", "::1")


class Verdict(StrEnum):
    """fine; worth knowing; not to be found out from here; wrong."""

    fine = "ok"
    note = "note"
    unknown = "not checked"
    wrong = "WRONG"


@dataclass(frozen=True)
class PreflightFinding:
    """One thing that was looked at."""

    verdict: Verdict
    words: str


def findings(settings: Settings, at: datetime) -> Iterator[PreflightFinding]:
    """Everything that can be looked at from here."""
    yield _site(settings.site_url)
    yield from _addresses(settings)
    yield from _sample(settings, at)
    yield from _server(settings.smtp)
    if not settings.mail.events_secret:
        yield PreflightFinding(
            Verdict.note, "MAIL_EVENTS_SECRET is not set: no provider may report bounces"
        )


def _site(url: str) -> PreflightFinding:
    parts = urlsplit(url)
    if parts.scheme != "https":
        words = f"SITE_URL is {url}: leaving the list by one click needs https (RFC 8058)"
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
            f"MAIL_BOUNCES is not set: bounces come back to {sender.address}, for people to read"
        )
        yield PreflightFinding(Verdict.note, words)
        return
    yield _usable("MAIL_BOUNCES", bounce_address(bounces, TOKEN))
    domain = bounces.rpartition("@")[2]
    yield _aligned("the envelope's domain (MAIL_BOUNCES)", domain, sender.domain)


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
    """As DMARC's relaxed alignment has it, as far as that can be told without a list of public suffixes."""
    one, other = domain.lower(), sender.lower()
    if one == other or one.endswith(f".{other}") or other.endswith(f".{one}"):
        return PreflightFinding(Verdict.fine, f"{what}, {domain}, is aligned with From")
    return PreflightFinding(
        Verdict.wrong, f"{what}, {domain}, is not aligned with From, {sender}: SPF does not count"
    )


def sample(settings: Settings, at: datetime) -> bytes:
    """An appeal with the longest headers that are to be expected."""
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
            Verdict.wrong, f"the headers of an appeal cannot be written: {error}"
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
        yield PreflightFinding(verdict, f"{name} stands on one line, as it must")
    longest = max(map(len, lines))
    verdict = Verdict.fine if longest <= LONGEST_LINE else Verdict.wrong
    yield PreflightFinding(
        verdict, f"the longest header has {longest} of {LONGEST_LINE} characters"
    )
    told = next(line for line in lines if line.startswith("Message-ID:"))
    domain = told.rpartition("@")[2].rstrip(">")
    yield _aligned("the domain of Message-ID", domain, settings.mail_from.domain)


def _server(address: SmtpAddress) -> Iterator[PreflightFinding]:
    """Greets, encrypts and signs in, and hangs up."""
    where = f"{address.host}:{address.port}"
    if address.security == "plain" and address.host not in _HERE:
        verdict = Verdict.wrong if address.password else Verdict.note
        yield PreflightFinding(verdict, f"SMTP_URL: what is said to {where} is not encrypted")
    try:
        conversation = SmtpSession.begin(address)
    except (smtplib.SMTPNotSupportedError, smtplib.SMTPResponseException) as error:
        yield PreflightFinding(Verdict.wrong, f"the mail server {where} turned us away: {error}")
        return
    except (smtplib.SMTPException, OSError) as error:
        yield PreflightFinding(
            Verdict.unknown, f"the mail server {where} cannot be reached: {error}"
        )
        return
    known = [name for name in ("pipelining", "smtputf8", "size") if conversation.offers(name)]
    conversation.end()
    language = "encrypted, " if address.security != "plain" else ""
    language += "signed in, " if address.user else "without a password, "
    yield PreflightFinding(
        Verdict.fine, f"the mail server {where} answers: {language}it offers {known}"
    )


def records(settings: Settings) -> list[str]:
    """The DNS records that must hold, to paste; words in capitals come from the mail host."""
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
    """How SPF names the mail server (RFC 7208, 5)."""
    try:
        return f"ip{ip_address(host).version}:{host}"
    except ValueError:
        return f"a:{host}"
