"""Merge fields: values are filled in as plain text on one line."""

import pytest

from campaign.mailer.merge_fields import NAME, UNSUBSCRIBE_URL, fill, with_name
from campaign.mailer.render import RenderedEmail

GREETING = with_name(f"Dear {NAME},", "Dear reader,")
EMAIL = RenderedEmail(
    subject=f"For {NAME}",
    text=f"{GREETING}\n\n{UNSUBSCRIBE_URL}\n",
    html=f'<p>{GREETING}</p><a href="{UNSUBSCRIBE_URL}">Stop</a>',
)


def filled(name: str, url: str = "https://give.example.org/unsubscribe/abc") -> RenderedEmail:
    return fill(EMAIL, {NAME: name, UNSUBSCRIBE_URL: url})


def test_each_recipient_is_greeted_by_name() -> None:
    sent_email = filled("Ana Reyes")
    assert sent_email.text.startswith("Dear Ana Reyes,\n")
    assert 'href="https://give.example.org/unsubscribe/abc"' in sent_email.html


@pytest.mark.parametrize("name", ["", "  ", "\n\t", "\u200b"])
def test_without_a_name_the_greeting_reads_well(name: str) -> None:
    sent_email = filled(name)
    assert sent_email.text.startswith("Dear reader,\n")
    assert "<p>Dear reader,</p>" in sent_email.html


def test_markup_in_a_name_stays_text() -> None:
    sent_email = filled('<a href="x">A & B</a>')
    assert "<p>Dear &lt;a href=&quot;x&quot;&gt;A &amp; B&lt;/a&gt;,</p>" in sent_email.html
    assert 'Dear <a href="x">A & B</a>,' in sent_email.text


def test_an_address_cannot_leave_its_attribute() -> None:
    assert '"><script' not in filled("A", url='https://x"><script>').html


@pytest.mark.parametrize("name", ["A\r\nBcc: b@example.org", "A\x00\x1b[2J\u2028B", "A\u202eB"])
def test_a_name_is_one_line_without_control_characters(name: str) -> None:
    sent_email = filled(name)
    assert sent_email.subject.isprintable()
    assert len(sent_email.text.splitlines()) == 3


@pytest.mark.parametrize("name", [UNSUBSCRIBE_URL, NAME, with_name("x", "y"), r"\g<0> {0} %s"])
def test_a_name_that_looks_like_a_place_opens_none(name: str) -> None:
    sent_email = filled(name)
    assert sent_email.text.count("https://") == 1
    assert not any("\ue000" <= character <= "\uf8ff" for character in sent_email.text)


def test_an_email_with_an_empty_merge_field_is_never_sent() -> None:
    with pytest.raises(KeyError):
        fill(EMAIL, {NAME: "Ana"})


def test_names_of_every_script_are_kept() -> None:
    for name in ("Nuño Ñáñez", "王小明", "عائشة", "नेहा", "O’Brien-Smith"):
        assert f"Dear {name}," in filled(name).text
