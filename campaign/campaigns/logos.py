"""Which pictures may be a logo: known by their first bytes, never by their name or what a browser says of them."""

import re
from hashlib import blake2b

from campaign.core.errors import FieldsInvalid

MAX_BYTES = 200_000
"""Bytes."""

SVG = "image/svg+xml"

# What comes before the first element of an SVG: a byte order mark, the XML declaration, comments, a document type.
_BEFORE_ROOT = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*>)*", re.DOTALL
)
_ROOT = re.compile(rb"<svg[\s>]")
# An entity may stand for anything, and be as large as it likes when it is read.
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)


def detect_image_type(body: bytes) -> str:
    """The media type of a picture that may be a logo; raises FieldsInvalid, by the field `logo`."""
    if len(body) > MAX_BYTES:
        _refuse(
            f"The picture has {len(body) // 1000:,} KB; at most {MAX_BYTES // 1000} KB are taken."
        )
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp"
    before = _BEFORE_ROOT.match(body)
    if before and _ROOT.match(body, before.end()) and not _ENTITY.search(body):
        return SVG
    return _refuse("This is no PNG, JPEG, WebP or plain SVG picture.")


def image_digest(body: bytes) -> str:
    """The name of a picture in its address: another picture has another."""
    return blake2b(body, digest_size=8).hexdigest()


def _refuse(why: str) -> str:
    raise FieldsInvalid({"logo": why})
