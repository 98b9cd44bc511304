"""Addresses as the wire takes them, and the envelope's sender. The mail room and the sending edge use them."""

import unicodedata
from email.header import Header
from email.utils import quote

from email_validator import EmailNotValidError, validate_email

from campaign.core.errors import MailRefused

_FORBIDDEN = frozenset('<>()[],;:\\"')
LONGEST_LOCAL_PART = 64
"""Octets: RFC 5321, 4.5.3.1.1."""


def wire_address(address: str) -> str:
    """`address` with its domain in ASCII (IDNA); raises MailRefused for what no command of SMTP may hold.

    A local part with other characters than ASCII stays as it is; only a server with SMTPUTF8 takes it (RFC 6531).
    """
    user, _, domain = address.rpartition("@")
    if (
        not user
        or not domain
        or any(map(_unsafe, address))
        or len(user.encode()) > LONGEST_LOCAL_PART
    ):
        raise MailRefused(f"{address!r} is not an address that mail can be sent to.")
    return f"{user}@{domain if domain.isascii() else _ascii_domain(domain)}"


def _unsafe(character: str) -> bool:
    return character.isspace() or character in _FORBIDDEN or not character.isprintable()


def _ascii_domain(domain: str) -> str:
    try:
        found = validate_email(f"x@{domain}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise MailRefused(f"{domain!r} is not a domain that mail can be sent to.") from None
    return str(found.ascii_domain)


def bounce_address(bounces: str, token: str) -> str:
    """The envelope's sender of one message, `bounces+TOKEN@…`: what comes back there names the message (VERP)."""
    user, _, domain = bounces.rpartition("@")
    return f"{user}+{token}@{domain}"


def one_line(text: str) -> str:
    """`text` without line breaks, control and invisible formatting characters: fit to stand in a header."""
    return " ".join(
        "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text).split()
    )


def phrase(name: str) -> str:
    """A display name as RFC 5322 and RFC 2047 write it: quoted where it must be, encoded where it is not ASCII."""
    language = one_line(name)
    if not language.isascii():
        return Header(language, "utf-8", maxlinelen=76).encode(linesep="\r\n")
    if all(each.isalnum() or each in " !#$%&'*+-/=?^_`{|}~" for each in language):
        return language
    return f'"{quote(language)}"'


def mailbox(name: str, address: str) -> str:
    """`Name <address>` for a header. Raises MailRefused for an address that is none."""
    wired, language = wire_address(address), phrase(name)
    return f"{language} <{wired}>" if language else wired
