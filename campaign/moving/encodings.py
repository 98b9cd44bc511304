"""Find the encoding of a text file that another program wrote, reading it once in blocks."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from campaign.core.errors import ListInvalid

BLOCK = 1 << 18
"""Bytes held at once."""

TITLES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
    "mac_roman": "Mac OS Roman",
}
"""The encodings found here, as people know them. Others have to be named."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NOT_TEXT = (
    (b"PK\x03\x04", "an Excel workbook or a zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file"),
    (b"{\\rtf", "a word processor's document"),
    (b"<", "a web page or XML"),
)
_AVERAGE_NULS = 0.3
"""In UTF-16 of Latin letters about every second byte is NUL; in other text hardly any is."""

_USUAL = frozenset("áéíóúüñçàèìòùâêîôûäëïöåæøãõßýœÁÉÍÓÚÜÑÇÖÄÅØ")
_PUNCTUATION = frozenset("“”„–—…«»°€£•™®©§¿¡·\xa0")


@dataclass(frozen=True)
class FoundEncoding:
    """A codec's name, the length of the byte order mark, and whether it is a guess from the letters alone."""

    codec: str
    mark: int = 0
    guessed: bool = False

    @property
    def title(self) -> str:
        """Return the name that people know."""
        return TITLES.get(self.codec, self.codec)


def find_encoding(stream: BinaryIO, given: str = "") -> FoundEncoding:
    """Return the encoding of the text in `stream`, from its start; `given` is one that a person named.

    Raises ListInvalid if it is not text, is empty, or is not in the encoding that its mark or its NULs announce.
    """
    stream.seek(0)
    start = stream.read(4096)
    _require_text(start)
    mark, codec = next(
        ((len(each), name) for each, name in _MARKS if start.startswith(each)), (0, "")
    )
    codec = _known(given) if given else codec or _unmarked_utf16(start)
    if codec.startswith("utf-16") or given:
        _require_valid(stream, mark, codec)
        return FoundEncoding(codec, mark)
    good, bad = _count_utf8(stream)
    if mark or bad <= good:
        # Single lines in another encoding are refused where they are read.
        return FoundEncoding("utf-8", mark)
    return FoundEncoding(_eight_bits(stream), guessed=True)


def _require_text(start: bytes) -> None:
    if not start.removeprefix(codecs.BOM_UTF8).strip():
        raise ListInvalid("The file is empty.")
    for signature, what in _NOT_TEXT:
        if start.lstrip().startswith(signature):
            raise ListInvalid(
                f"The file is {what}, not text. Open it in a spreadsheet and save it as CSV (UTF-8)."
            )


def _known(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise ListInvalid(
            f"{name!r} is not an encoding. Examples: utf-8, cp1252 (Windows), mac_roman, cp1250."
        ) from None


def _unmarked_utf16(start: bytes) -> str:
    half = max(1, len(start) // 2)
    nuls = {
        "utf-16-be": start[0::2].count(0) / half,
        "utf-16-le": start[1::2].count(0) / half,
    }
    codec = max(nuls, key=lambda name: nuls[name])
    return codec if nuls[codec] > _AVERAGE_NULS and min(nuls.values()) < nuls[codec] / 4 else ""


def blocks(stream: BinaryIO, start: int = 0) -> Iterator[bytes]:
    """Yield the bytes of `stream` from `start` on."""
    stream.seek(start)
    while block := stream.read(BLOCK):
        yield block


def _require_valid(stream: BinaryIO, mark: int, codec: str) -> None:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for block in blocks(stream, mark):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeError:
        title = TITLES.get(codec, codec)
        raise ListInvalid(
            f"The file is not valid {title}. Export it again, or save it as CSV (UTF-8)."
        ) from None


def _count_utf8(stream: BinaryIO) -> tuple[int, int]:
    """Return how many characters outside ASCII are valid UTF-8, and how many bytes are not."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    other = bad = 0
    for block in blocks(stream):
        text = decoder.decode(block)
        if text.isascii():
            continue
        other += sum(not each.isascii() for each in text)
        bad += sum("\udc80" <= each <= "\udcff" for each in text)
    bad += len(decoder.decode(b"", final=True))
    return other - bad, bad


def _eight_bits(stream: BinaryIO) -> str:
    """Return the encoding that makes the likelier words: Windows-1252 (with Latin-1) or Mac OS Roman."""
    scores = {"cp1252": 0, "mac_roman": 0}
    for block in blocks(stream):
        if not block.isascii():
            for codec in scores:
                scores[codec] += _likelihood(block.decode(codec, "replace"))
    return "mac_roman" if scores["mac_roman"] > scores["cp1252"] else "cp1252"


def _likelihood(text: str) -> int:
    """Return a score of how likely the characters outside ASCII are where they stand."""
    padded = f" {text} "
    return sum(
        _weight(each, padded[index], padded[index + 2])
        for index, each in enumerate(text)
        if not each.isascii()
    )


# complexity: a table of what stands where in names and prose
def _weight(each: str, before: str, after: str) -> int:
    within = before.isalpha() and after.isalpha()
    if each == "’":
        return 2 if after.isupper() or after in "st" else int(not within)
    if each == "‘":
        return 1 if not before.isalpha() and after.isalpha() else -1
    if each in _PUNCTUATION:
        return -1 if within else 1
    if each not in _USUAL:
        return -2
    if each.isupper():
        return -2 if before.islower() else 2
    if after.isupper():
        return -1
    return 2 if before.isalpha() else 1
