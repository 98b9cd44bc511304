"""Which images can be a logo, judged by their first bytes, never by file name or the browser's media type."""

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
# An entity can expand to any content of any size.
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)


def detect_image_type(body: bytes) -> str:
    """Return the media type of an image that can be a logo; raises FieldsInvalid for the field `logo`."""
    if len(body) > MAX_BYTES:
        _reject(f"The image is {len(body) // 1000:,} KB; the limit is {MAX_BYTES // 1000} KB.")
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp"
    before = _BEFORE_ROOT.match(body)
    if before and _ROOT.match(body, before.end()) and not _ENTITY.search(body):
        return SVG
    return _reject("Choose a PNG, JPEG, WebP or plain SVG image.")


def image_digest(body: bytes) -> str:
    """Return a digest of an image, used in its address; each image has a different one."""
    return blake2b(body, digest_size=8).hexdigest()


def _reject(why: str) -> str:
    raise FieldsInvalid({"logo": why})
