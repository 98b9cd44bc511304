"""Build an RFC 5322 message in bytes.

This does not use `email.message`, which takes a millisecond per message and folds URLs in headers into encoded words
that mail programs cannot read.
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
"""Characters without the line ending: RFC 5322, 2.1.1."""
# Neither quoted-printable nor base64 text can contain `=_`, so no part contains its own boundary.
_MIXED, _ALTERNATIVE = "=_letter", "=_text"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Attachment:
    """A file attached to an email."""

    filename: str
    media_type: str
    content: bytes


def build_message(
    email: RenderedEmail,
    *,
    sender: FromAddress,
    recipient: str,
    message_id: str,
    at: datetime,
    headers: Mapping[str, str] = _NO_HEADERS,
    attachments: Sequence[Attachment] = (),
) -> bytes:
    """Return the complete message: plain text, HTML and attachments, marked as automatic (RFC 3834).

    `headers` are additional ones in ASCII, each on one line. Raise MailRefused if the recipient is not a valid address.
    """
    body = _alternative(email)
    if attachments:
        body = _multipart("mixed", _MIXED, [body, *map(_attached, attachments)])
    head = [
        f"From: {mailbox(sender.name, sender.address)}",
        f"To: {mailbox('', recipient)}",
        f"Subject: {_subject(email.subject)}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: {message_id}",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        *(_line(name, value) for name, value in headers.items()),
    ]
    # UTF-8 only for what RFC 6532 allows in a header: an internationalized address.
    return "".join(f"{line}\r\n" for line in head).encode() + body


def _line(name: str, value: str) -> str:
    """Return a header that is never folded, because some programs that read its URL do not unfold lines."""
    line = f"{name}: {value}"
    if not line.isascii() or not line.isprintable() or len(line) > LONGEST_LINE:
        raise ValueError(f"the header {name} does not fit on one line of ASCII")
    return line


def _subject(text: str) -> str:
    subject = one_line(text)
    if subject.isascii() and len(subject) < LONGEST_LINE - len("Subject: "):
        return subject
    return Header(subject, "utf-8", maxlinelen=76, header_name="Subject").encode(linesep="\r\n")


def _alternative(email: RenderedEmail) -> bytes:
    parts = [_text("plain", email.text), _text("html", email.html)]
    return _multipart("alternative", _ALTERNATIVE, parts)


def _multipart(kind: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    line = b"--" + boundary.encode()
    inside = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts)
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'
    return head.encode() + inside + line + b"--\r\n"


def _text(kind: str, text: str) -> bytes:
    lines = re.sub(r"\r\n|\r|\n", "\r\n", text).encode()
    # Without a line ending in the text, the soft breaks would be bare newlines.
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
