"""Two normal forms of a typed email address: one to look it up by, and a wider one to count abuse by.

What a limit counts has to be at least as wide as what the look-up finds. Otherwise every spelling of one address is
counted apart, and all of them reach the same person.
"""

import unicodedata

import idna

LONGEST_ADDRESS = 254
"""The longest address that can be mailed, in characters: RFC 5321, section 4.5.3.1.3, without the brackets."""

_DROPPED = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Unicode categories that nobody sees: controls, formats (zero-width, directions), surrogates, unassigned."""

_IGNORES_DOTS = {"gmail.com"}
"""Providers that deliver `a.b@` to `ab@`: https://support.google.com/mail/answer/7436150"""

_SAME_PROVIDER = {"googlemail.com": "gmail.com"}
"""Hosts that are one mailbox with another host: https://support.google.com/mail/answer/10313"""

_TAG_BY_HYPHEN = {"yahoo.com", "ymail.com", "rocketmail.com"}
"""Providers whose disposable addresses are `base-keyword@`: https://help.yahoo.com/kb/SLN28738.html"""


def lookup_form(text: str) -> str:
    """Return the form by which a typed address is looked up: what nobody sees is removed, in NFKC and lower case.

    An internationalized host is in its ASCII form (RFC 5890). A text that is no address is normalized likewise.
    """
    plain = unicodedata.normalize("NFKC", text)
    seen = "".join(
        one for one in plain if unicodedata.category(one) not in _DROPPED and not one.isspace()
    )
    # Removing a character can bring two together that compose.
    lower = unicodedata.normalize("NFKC", seen.lower())[:LONGEST_ADDRESS]
    local, at, host = lower.rpartition("@")
    return f"{local}{at}{_ascii_host(host)}" if at else lower


def mailbox_key(address: str) -> str:
    """Return a key that is the same for every address of one mailbox. It is only counted, never mailed or shown.

    `+tags` are dropped at every provider: a few see one as part of the name, and their readers then share a limit.
    """
    plain = lookup_form(address)
    local, at, host = plain.rpartition("@")
    if not at:
        return plain
    host = _SAME_PROVIDER.get(host, host)
    bare = local.strip('"').partition("+")[0]
    if host in _TAG_BY_HYPHEN:
        bare = bare.partition("-")[0]
    if host in _IGNORES_DOTS:
        bare = bare.replace(".", "")
    return f"{bare or local}@{host}"


def _ascii_host(host: str) -> str:
    """Return the ASCII form of `host` without a final dot; unchanged if it has none."""
    bare = host.rstrip(".")
    if bare.isascii():
        return bare
    try:
        return idna.encode(bare, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return bare
