"""The parts of a report, in whatever multipart they lie."""

from email.parser import BytesParser
from email.policy import compat32

import pytest

from campaign.mailer.reports.parts import LONGEST_TEXT, ReportParts, find_parts, groups_in


def parts(raw: bytes) -> ReportParts:
    return find_parts(BytesParser(policy=compat32).parsebytes(raw))


@pytest.mark.parametrize(
    ("declared", "body"),
    [
        ("utf-8", "Größe".encode()),
        ("iso-8859-1", "Größe".encode("latin-1")),
        ("no-such-charset", "Größe".encode()),
        ("no-such-charset", "Größe".encode("latin-1")),
    ],
)
def test_text_is_decoded_as_well_as_it_can_be(declared: str, body: bytes) -> None:
    assert (
        parts(f"Content-Type: text/plain; charset={declared}\n\n".encode() + body).words == "Größe"
    )


def test_japanese_is_decoded_whatever_is_declared() -> None:
    body = "宛先".encode("iso-2022-jp")
    assert parts(b"Content-Type: text/plain; charset=us-ascii\n\n" + body).words == "宛先"


def test_plain_text_is_preferred_to_html() -> None:
    raw = (
        b"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>page</p>\n"
        b"--b\nContent-Type: text/plain\n\ntext\n--b--\n"
    )
    assert parts(raw).words.strip() == "text"
    assert parts(raw.replace(b"\n\ntext\n", b"\n\n \n")).words.strip() == "page"


def test_tags_and_styles_of_html_are_left_out() -> None:
    raw = b"Content-Type: text/html\n\n<style>p { color: red }</style><p>not&nbsp;found<br>&lt;id@x.test&gt;</p>"
    assert parts(raw).words.split() == ["not", "found", "<id@x.test>"]


def test_only_the_beginning_of_a_text_is_read() -> None:
    assert len(parts(b"\n" + b"x" * (LONGEST_TEXT + 9)).words) == LONGEST_TEXT


def test_what_lies_in_the_returned_email_is_not_looked_at() -> None:
    inner = b"Content-Type: multipart/mixed; boundary=i\n\n--i\n"
    inner += b"Content-Type: message/delivery-status\n\nStatus: 5.1.1\n"
    raw = (
        b"Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: message/rfc822\n\n"
        + inner
    )
    found = parts(raw)
    assert (found.statuses, len(found.returned)) == ([], 1)


def test_too_deep_and_too_many_parts_are_left_out() -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(30)
    )
    assert parts(deep + b"\nfar below").words == ""
    many = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 200
    assert len(parts(many).texts) == 50


def test_groups_are_parted_by_blank_lines_or_by_recipient() -> None:
    assert [group["A"] for group in groups_in("A: 1\r\n\r\nA: 2\n \nA: 3")] == ["1", "2", "3"]
    text = "X: 1\nFinal-Recipient: a\nS: 1\nFinal-Recipient: b\nS: 2"
    assert [group["S"] for group in groups_in(text)] == [None, "1", "2"]
    assert len(groups_in("S: 1\nFinal-Recipient: a")) == 1
