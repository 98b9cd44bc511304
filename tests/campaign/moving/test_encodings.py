"""The encoding of a file is found from all of it; what is no text is refused in words."""

import io

import pytest

from campaign.core.errors import ListInvalid
from campaign.moving.encodings import BLOCK, find_encoding

NAMES = "Núñez García, Zoë Müller, O’Brien, João, François “Frank” Ångström – don’t\n"


def found(raw: bytes, given: str = "") -> str:
    return find_encoding(io.BytesIO(raw), given).codec


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be", "cp1252", "mac_roman"])
def test_text_without_a_mark_is_recognized_by_its_letters(codec: str) -> None:
    assert found(f"email,name\nana@reader.test,{NAMES}".encode(codec)) == codec


@pytest.mark.parametrize("name", ["García", "Zoë", "O’Brien", "Ángel", "Muñoz", "Renée"])
@pytest.mark.parametrize("codec", ["cp1252", "mac_roman"])
def test_one_name_is_enough_to_tell_windows_from_an_old_mac(name: str, codec: str) -> None:
    assert found(f"a@reader.test,{name} Smith\n".encode(codec)) == codec


@pytest.mark.parametrize(
    ("codec", "mark", "length"),
    [("utf-8-sig", "utf-8", 3), ("utf-16", "utf-16-le", 2)],
)
def test_a_mark_is_passed_over(codec: str, mark: str, length: int) -> None:
    encoding = find_encoding(io.BytesIO(NAMES.encode(codec)))
    assert (encoding.codec, encoding.mark, encoding.guessed) == (mark, length, False)


def test_letters_past_the_first_block_count() -> None:
    assert found(b"a" * (BLOCK + 5) + "García".encode("cp1252")) == "cp1252"


def test_a_single_line_in_another_encoding_does_not_decide_for_the_rest() -> None:
    assert found("Núñez\nGarcía\n".encode() + "Béa\n".encode("cp1252")) == "utf-8"


def test_a_guess_says_so() -> None:
    assert find_encoding(io.BytesIO("Béa".encode("cp1252"))).guessed


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"PK\x03\x04\x14\x00", "save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel workbook"),
        (b"\n <html><table>", "web page"),
        (b"%PDF-1.7", "PDF"),
        (b"\xff\xfea\x00b", "not valid UTF-16"),
    ],
)
def test_what_is_no_text_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(ListInvalid, match=words):
        find_encoding(io.BytesIO(raw))


def test_a_named_encoding_wins_and_has_to_fit() -> None:
    assert found("Żółć".encode("cp1250"), "cp1250") == "cp1250"
    with pytest.raises(ListInvalid, match="not valid UTF-8"):
        found("Żółć".encode("cp1250"), "utf8")
    with pytest.raises(ListInvalid, match="'klingon' is not an encoding"):
        found(b"a", "klingon")
