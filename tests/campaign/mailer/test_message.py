"""Messages byte by byte: valid headers, and no header injection by names."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest

from campaign.core.errors import MailRefused
from campaign.core.settings import FromAddress
from campaign.mailer.headers import bulk_headers
from campaign.mailer.message import Attachment, build_message
from campaign.mailer.render import RenderedEmail

PAGE = "https://give.harbor-ledger.example/unsubscribe/" + "Ab-_" * 20
EMAIL = RenderedEmail(
    "Nine days left", "Give $25.\n\n.\nFrom here on.\n", "<p>Gib 25 €. " + "x" * 90
)
SENDER = FromAddress("The Harbor Ledger", "news@harbor-ledger.example")
EVIL = "Ana\r\nBcc: everyone@example.org\r\n\r\n<b>\u2028\x0bX: y\x00\u202eLedger"


def built(**changes: object) -> bytes:
    values: dict[str, object] = {
        "sent_email": EMAIL,
        "sender": SENDER,
        "recipient": "ana@example.org",
        "message_id": "<appeal-1@harbor-ledger.example>",
        "at": datetime(2026, 12, 22, 17, 0, tzinfo=UTC),
        **changes,
    }
    return build_message(values.pop("sent_email"), **values)


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def head(raw: bytes) -> list[bytes]:
    return raw.partition(b"\r\n\r\n")[0].split(b"\r\n")


def names(raw: bytes) -> list[str]:
    return list(read(raw).keys())


def test_text_and_html_come_back_as_they_were() -> None:
    raw = built()
    text, html = (read(raw).get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == EMAIL.text
    assert html.get_content() == EMAIL.html
    assert [part.get_content_type() for part in read(raw).walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_every_line_is_ascii_short_and_ends_as_it_must() -> None:
    raw = built(sent_email=RenderedEmail("Größe " * 40, "ä" * 3000 + "\rb\nc", "<p>" + "ö" * 3000))
    assert raw.isascii()
    lines = raw.split(b"\r\n")
    assert all(b"\n" not in line and b"\r" not in line for line in lines)
    assert max(map(len, lines)) <= 998
    assert max(len(line) for line in head(raw)) <= 78
    assert str(read(raw)["Subject"]).strip() == ("Größe " * 40).strip()


def test_what_leaves_the_list_is_on_one_line_byte_by_byte() -> None:
    raw = built(headers=bulk_headers(SENDER, "The Harbor Ledger", PAGE, ("c1", "s2", "appeal")))
    lines = head(raw)
    assert b"List-Unsubscribe: <" + PAGE.encode() + b">" in lines
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
    assert b"List-Id: The Harbor Ledger <appeals.harbor-ledger.example>" in lines
    assert b"Feedback-ID: c1:s2:appeal:harborledger" in lines
    assert b"Precedence: bulk" in lines
    assert b"Auto-Submitted: auto-generated" in lines
    assert raw.count(b"List-Unsubscribe:") == 1


@pytest.mark.parametrize("name", [EVIL, "ä" + EVIL, '"><x@y>, z', "a\\", "Ledger, The", "", " "])
def test_no_name_adds_a_header_or_a_recipient(name: str) -> None:
    sender = FromAddress(name, SENDER.address)
    sent_email = RenderedEmail(f"Thank you, {name}", "text", "<p>html</p>")
    headers = bulk_headers(sender, name, PAGE, (name, name))
    raw = built(sent_email=sent_email, sender=sender, headers=headers)
    assert names(raw) == names(
        built(headers=bulk_headers(SENDER, "The Harbor Ledger", PAGE, ("c",)))
    )
    message = read(raw)
    assert [each.addr_spec for each in message["From"].addresses] == [SENDER.address]
    assert [each.addr_spec for each in message["To"].addresses] == ["ana@example.org"]
    assert str(message["List-Unsubscribe"]) == f"<{PAGE}>"
    assert str(message["List-Id"]).endswith("<appeals.harbor-ledger.example>")
    assert all(not line or line[:1].strip() or b"=?utf-8?" in line for line in head(raw))


def test_a_name_reads_as_it_was_written() -> None:
    for name in ("The Harbor Ledger", "Ledger, The (news)", 'The "Ledger"', "Diario Español ñ" * 9):
        raw = built(sender=FromAddress(name, SENDER.address))
        found = make_header(decode_header(message_from_bytes(raw)["From"]))
        assert parseaddr(str(found)) == (name, SENDER.address)


@pytest.mark.parametrize(
    "address",
    ["", "ana", "@example.org", "a@", "a b@example.org", "a@b\r\nBcc: c@d", "<a@example.org>",
     "a@example.org,b@example.org", "a@exa\u202emple.org", "x" * 65 + "@example.org", "a@-ü-.org"],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_not_sent(address: str) -> None:
    with pytest.raises(MailRefused, match="is not a valid email"):
        built(recipient=address)


def test_a_domain_in_other_letters_is_written_in_ascii() -> None:
    assert b"To: ana@xn--strae-oqa.de" in head(built(recipient="ana@straße.de"))


def test_a_file_is_attached_to_the_email() -> None:
    content = bytes(range(256)) * 40
    file = Attachment('Spendenbescheinigung "2026"\r\nX: ü.pdf', "application/pdf", content)
    raw = built(attachments=[file])
    [found] = read(raw).iter_attachments()
    assert found.get_content_type() == "application/pdf"
    assert found.get_payload(decode=True) == content
    assert found.get_filename() == 'Spendenbescheinigung "2026" X: ü.pdf'
    body = read(raw).get_body(("plain",))
    assert body is not None
    assert "Give $25" in body.get_content()


def test_a_header_of_ours_that_would_fold_is_an_error() -> None:
    for value in ("x" * 1000, "a\nb", "ü"):
        with pytest.raises(ValueError, match="one line"):
            built(headers={"List-Unsubscribe": value})


def test_each_message_has_the_headers_that_every_email_needs_and_no_others() -> None:
    raw = built()
    assert head(raw) == [
        b"From: The Harbor Ledger <news@harbor-ledger.example>",
        b"To: ana@example.org",
        b"Subject: Nine days left",
        b"Date: Tue, 22 Dec 2026 17:00:00 +0000",
        b"Message-ID: <appeal-1@harbor-ledger.example>",
        b"Auto-Submitted: auto-generated",
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/alternative; boundary="=_text"',
    ]
    parts = [part for part in read(raw).walk() if not part.is_multipart()]
    for part in parts:
        assert (part.get_content_charset(), part["Content-Transfer-Encoding"]) == (
            "utf-8",
            "quoted-printable",
        )
    mixed = built(attachments=[Attachment("a.pdf", "application/pdf", b"%PDF")])
    assert read(mixed).get_content_type() == "multipart/mixed"
    (file,) = read(mixed).iter_attachments()
    assert file["Content-Disposition"] == 'attachment; filename="a.pdf"'
    assert file["Content-Transfer-Encoding"] == "base64"


@pytest.mark.parametrize("length", [987, 988])
def test_a_subject_fits_on_a_line_or_is_folded(length: int) -> None:
    raw = built(sent_email=RenderedEmail("x" * length, "a\n", "<p>b"))
    (subject,) = [line for line in head(raw) if line.startswith(b"Subject:")]
    assert len(subject) <= 998
    assert (subject == b"Subject: " + b"x" * length) is (length < 989)


def test_a_header_line_may_have_998_characters() -> None:
    value = "x" * (998 - len("X-Long: "))
    assert f"X-Long: {value}".encode() in head(built(headers={"X-Long": value}))
    with pytest.raises(ValueError, match="X-Long"):
        built(headers={"X-Long": value + "x"})
