"""Find the parts of a report, in whatever multipart they lie: status fields, complaint fields, text, our own email."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.policy import compat32
from html import unescape

LONGEST_TEXT = 64_000
"""Characters of each text that are read: what is said, and the headers of the email that is quoted below it."""
_DEEPEST, _MOST_PARTS, _MOST_GROUPS = 8, 50, 20
_STATUS_PARTS = {"message/delivery-status", "message/global-delivery-status"}
_RETURNED_HEADERS = {"text/rfc822-headers", "message/global-headers"}
_RETURNED = {"message/rfc822", "message/global", "message/partial"} | _RETURNED_HEADERS
_TAG = re.compile(
    r"<(?:style|script)\b.{0,20000}?</(?:style|script)>|<[^<>]{0,3000}>", re.DOTALL | re.IGNORECASE
)
_BREAK = re.compile(r"<(?:br|p|div|tr|td|li|h\d|blockquote|pre)\b[^<>]{0,500}>", re.IGNORECASE)
_FIELD_LINE = re.compile(
    r"^(?:action|status|final-recipient)\s{0,5}:", re.IGNORECASE | re.MULTILINE
)
_RECIPIENT = re.compile(r"^(?=final-recipient\s?:)", re.IGNORECASE | re.MULTILINE)
_NO_FIELD = re.compile(r"\n(?![A-Za-z][A-Za-z0-9-]{0,60}\s?:)(\S)")
"""A line within a group that is no field: it goes on with the field before."""


@dataclass
class ReportParts:
    """The parts of one report. `statuses` holds groups of fields, one for each recipient."""

    statuses: list[Message] = field(default_factory=list)
    feedback: list[Message] = field(default_factory=list)
    returned: list[Message] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """The text that a person reads: plain text, or else HTML without its tags."""
        plain = "\n\n".join(self.texts)
        return plain if plain.strip() else "\n\n".join(self.html)


def find_parts(mail: Message) -> ReportParts:
    """Return the parts of `mail`. What lies within the returned email is not looked at: its author wrote that."""
    found = ReportParts()
    for part in _walk(mail, 0):
        _sort(part, found)
    return found


def _walk(part: Message, depth: int) -> Iterator[Message]:
    held = part.get_payload()
    if part.get_content_maintype() == "multipart" and isinstance(held, list):
        if depth < _DEEPEST:
            for each in held[:_MOST_PARTS]:
                if isinstance(each, Message):
                    yield from _walk(each, depth + 1)
    else:
        yield part


def _sort(part: Message, found: ReportParts) -> None:
    kind = part.get_content_type()
    if kind in _STATUS_PARTS:
        found.statuses += groups_of(part)
    elif kind == "message/feedback-report":
        found.feedback += groups_of(part)[:1]
    elif kind in _RETURNED:
        found.returned += _returned(part)
    elif kind == "text/html":
        found.html.append(_without_tags(text_of(part)))
    elif part.get_content_maintype() in ("text", "multipart") or _small_file(part):
        found.texts.append(text_of(part))


def _small_file(part: Message) -> bool:
    """Return whether it is a file that may hold status fields under another type."""
    return part.get_content_type() in ("application/octet-stream", "application/x-unknown") and (
        _FIELD_LINE.search(text_of(part)) is not None
    )


def groups_of(part: Message) -> list[Message]:
    """Return the field groups. `email` splits those of delivery-status but parses later groups of others as a body."""
    held = part.get_payload()
    if not isinstance(held, list):
        return groups_in(text_of(part))
    parts = [each for each in held[:_MOST_GROUPS] if isinstance(each, Message)]
    return [group for each in parts for group in groups_in(_whole(each))][:_MOST_GROUPS]


def _whole(group: Message) -> str:
    """Return the text of a group. A line that is no field makes `email` take the rest for a body: put them together."""
    body = group.get_payload()
    fields = "".join(f"{name}: {value}\n" for name, value in group.items())
    between = "" if group.defects else "\n"
    return f"{fields}{between}{body}" if isinstance(body, str) else fields


def groups_in(text: str) -> list[Message]:
    """Return the groups of fields in text, which blank lines part."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    parted = [one for each in re.split(r"\n[ \t]*\n", plain) for one in _by_recipient(each)]
    blocks = [_NO_FIELD.sub(r"\n \1", each.strip()) for each in parted]
    return [HeaderParser(policy=compat32).parsestr(each) for each in blocks if each]


def _by_recipient(block: str) -> list[str]:
    """Return the groups that no blank line parts, as AOL writes them."""
    groups = _RECIPIENT.split(block)
    return groups if len(groups) > 2 else [block]


def _returned(part: Message) -> list[Message]:
    held = part.get_payload()
    if isinstance(held, list):
        return [each for each in held if isinstance(each, Message)][:1]
    body = part.get_payload(decode=True)
    if not isinstance(body, bytes):
        return []
    return [BytesParser(policy=compat32).parsebytes(body.lstrip()[:LONGEST_TEXT], headersonly=True)]


def text_of(part: Message) -> str:
    """Return the beginning of the text of a part, decoded as well as it can be, with plain line ends."""
    body = part.get_payload(decode=True)
    if not isinstance(body, bytes):
        held = part.get_payload()
        body = held.encode("utf-8", "surrogateescape") if isinstance(held, str) else b""
    text = _decoded(body[:LONGEST_TEXT], part)
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")


def _decoded(body: bytes, part: Message) -> str:
    charset = part.get_content_charset() or ""
    if b"\x1b$" in body:  # Japanese, whatever is declared
        charset = "iso-2022-jp"
    for each in (charset, "utf-8"):
        try:
            return body.decode(each, "replace" if each == charset else "strict")
        except (LookupError, UnicodeError):
            continue
    return body.decode("latin-1")


def _without_tags(html: str) -> str:
    text = unescape(_TAG.sub(" ", _BREAK.sub("\n", html)))
    return re.sub(r"[ \t]+", " ", text)
