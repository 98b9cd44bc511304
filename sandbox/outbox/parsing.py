"""Parse an email into headers, text, HTML and attachments. Used by the viewer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from functools import cached_property


@dataclass(frozen=True)
class Attachment:
    """A part that is neither the text nor the HTML body. `index` counts from 0."""

    index: int
    name: str
    kind: str
    content: bytes = field(repr=False)
    content_id: str


class ParsedEmail:
    """A parsed email. A damaged one is parsed as far as possible."""

    def __init__(self, raw: bytes) -> None:
        self._message: EmailMessage = message_from_bytes(raw, policy=policy.default)

    def header(self, name: str) -> str:
        return str(self._message.get(name, ""))

    @cached_property
    def headers(self) -> dict[str, str]:
        """Decoded headers. If a header occurs several times, each value is on its own line."""
        found: dict[str, str] = {}
        for name, value in self._message.items():
            found[name] = f"{found[name]}\n{value}" if name in found else str(value)
        return found

    @property
    def text(self) -> str | None:
        return self._body("plain")

    @property
    def html(self) -> str | None:
        return self._body("html")

    @cached_property
    def attachments(self) -> list[Attachment]:
        return list(self._attachments())

    def _body(self, kind: str) -> str | None:
        part = self._message.get_body(preferencelist=(kind,))
        return None if part is None else _text_of(part)

    def _attachments(self) -> Iterator[Attachment]:
        bodies = [self._message.get_body(preferencelist=(kind,)) for kind in ("plain", "html")]
        parts = [
            part
            for part in self._message.walk()
            if not part.is_multipart() and not any(part is body for body in bodies)
        ]
        for index, part in enumerate(parts):
            content = part.get_payload(decode=True)
            yield Attachment(
                index,
                _file_name(part.get_filename() or f"part-{index + 1}"),
                part.get_content_type(),
                content if isinstance(content, bytes) else b"",
                str(part.get("Content-ID", "")).strip("<> "),
            )


def html_for_frame(html: str, addresses: dict[str, str]) -> str:
    """Return `html` with embedded images at `addresses` (by Content-ID) and links that open in a new tab."""

    def replaced(found: re.Match[str]) -> str:
        return addresses.get(found.group(1), found.group(0))

    return '<base target="_blank">' + re.sub(r"cid:([^\"'\s)>]+)", replaced, html)


def _text_of(part: MIMEPart) -> str:
    content = part.get_payload(decode=True)
    raw = content if isinstance(content, bytes) else b""
    try:
        return raw.decode(part.get_content_charset("utf-8"), errors="replace")
    except LookupError:  # an unknown character set
        return raw.decode("utf-8", errors="replace")


def _file_name(name: str) -> str:
    return re.sub(r"[^\w. -]", "_", name).strip(". ") or "attachment"
