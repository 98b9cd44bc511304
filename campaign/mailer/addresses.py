"""Email addresses in the form that SMTP and headers need, and the envelope sender."""

import unicodedata
from email.header import Header
from email.utils import quote

from email_validator import EmailNotValidError, validate_email

from campaign.core.errors import MailRefused

_FORBIDDEN = frozenset('<>()[],;:\\"')
LONGEST_LOCAL_PART = 64
"""Octets: RFC 5321, 4.5.3.1.1."""


def wire_address(address: str) -> str:
    """Return `address` with its domain in ASCII (IDNA). Raise MailRefused if SMTP cannot carry it.

    A local part with non-ASCII characters is unchanged; only a server with SMTPUTF8 accepts it (RFC 6531).
    """
    user, _, domain = address.rpartition("@")
    if (
        not user
        or not domain
        or any(map(_unsafe, address))
        or len(user.encode()) > LONGEST_LOCAL_PART
    ):
        raise MailRefused(f"{address!r} is not a valid email address.")
    return f"{user}@{domain if domain.isascii() else _ascii_domain(domain)}"


def _unsafe(character: str) -> bool:
    return character.isspace() or character in _FORBIDDEN or not character.isprintable()


def _ascii_domain(domain: str) -> str:
    try:
        found = validate_email(f"x@{domain}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise MailRefused(f"{domain!r} is not a valid email domain.") from None
    return str(found.ascii_domain)


def bounce_address(bounces: str, token: str) -> str:
    """Return the envelope sender of one message, `bounces+TOKEN@…`, so that a bounce identifies the message (VERP)."""
    user, _, domain = bounces.rpartition("@")
    return f"{user}+{token}@{domain}"


def one_line(text: str) -> str:
    """Return `text` without line breaks, control or invisible formatting characters, safe for a header."""
    return " ".join(
        "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text).split()
    )


def phrase(name: str) -> str:
    """Return a display name for a header (RFC 5322, RFC 2047): quoted if necessary, encoded if not ASCII."""
    phrased = one_line(name)
    if not phrased.isascii():
        return Header(phrased, "utf-8", maxlinelen=76).encode(linesep="\r\n")
    if all(each.isalnum() or each in " !#$%&'*+-/=?^_`{|}~" for each in phrased):
        return phrased
    return f'"{quote(phrased)}"'


def mailbox(name: str, address: str) -> str:
    """Return `Name <address>` for a header. Raise MailRefused if the address is invalid."""
    wired, phrased = wire_address(address), phrase(name)
    return f"{phrased} <{wired}>" if phrased else wired
