"""A letter as an RFC 5322 message, in bytes.

It is put together here and not by `email.message`, which takes a millisecond for each and folds addresses in headers
into encoded words, where nobody finds them any more.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from types import MappingProxyType
from urllib.parse import quote

from campaign.core.settings import FromAddress
from campaign.mailer.addresses import mailbox, one_line
from campaign.mailer.render import RenderedEmail

LONGEST_LINE = 998
"""Characters without the line's end: RFC 5322, 2.1.1."""
# Neither quoted-printable nor base64 text can hold `=_`, so no part ever holds its own boundary.
_MIXED, _ALTERNATIVE = "=_letter", "=_text"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a letter."""

    filename: str
    media_type: str
    content: bytes


def build_message(
    letter: RenderedEmail,
    *,
    sender: FromAddress,
    recipient: str,
    message_id: str,
    at: datetime,
    headers: Mapping[str, str] = _NO_HEADERS,
    attachments: Sequence[Attachment] = (),
) -> bytes:
    """The message as sent: multipart with plain text first, marked as generated (RFC 3834), then the attachments.

    `headers` are further ones, in ASCII, each kept on one line. Raises MailRefused for a recipient that is no address.
    """
    body = _alternative(letter)
    if attachments:
        body = _multipart("mixed", _MIXED, [body, *map(_attached, attachments)])
    head = [
        f"From: {mailbox(sender.name, sender.address)}",
        f"To: {mailbox('', recipient)}",
        f"Subject: {_subject(letter.subject)}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: {message_id}",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        *(_line(name, value) for name, value in headers.items()),
    ]
    # UTF-8 for the one thing that RFC 6532 lets stand in it: an internationalised address.
    return "".join(f"{line}\r\n" for line in head).encode() + body


def _line(name: str, value: str) -> str:
    """A header that is never folded: an address in it is read by machines that don't unfold."""
    line = f"{name}: {value}"
    if not line.isascii() or not line.isprintable() or len(line) > LONGEST_LINE:
        raise ValueError(f"the header {name} does not fit on one line of ASCII")
    return line


def _subject(text: str) -> str:
    language = one_line(text)
    if language.isascii() and len(language) < LONGEST_LINE - len("Subject: "):
        return language
    return Header(language, "utf-8", maxlinelen=76, header_name="Subject").encode(linesep="\r\n")


def _alternative(letter: RenderedEmail) -> bytes:
    parts = [_text("plain", letter.text), _text("html", letter.html)]
    return _multipart("alternative", _ALTERNATIVE, parts)


def _multipart(kind: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    line = b"--" + boundary.encode()
    inside = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts)
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'
    return head.encode() + inside + line + b"--\r\n"


def _text(kind: str, text: str) -> bytes:
    lines = re.sub(r"\r\n|\r|\n", "\r\n", text).encode()
    # Where the text has no line's end to take after, its own breaks would be bare.
    written = binascii.b2a_qp(lines, istext=True).replace(b"=\r\n", b"=\n")
    return (
        f'Content-Type: text/{kind}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode() + written.replace(b"=\n", b"=\r\n")


def _attached(file: Attachment) -> bytes:
    name = one_line(file.filename)
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    written = f'filename="{plain}"' if plain == name else f"filename*=utf-8''{quote(name, safe='')}"
    return (
        f"Content-Type: {file.media_type}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment; {written}\r\n\r\n"
    ).encode() + base64.encodebytes(file.content).replace(b"\n", b"\r\n")
