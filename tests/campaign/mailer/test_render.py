"""Rendering: what every email has in common."""

import re
from typing import Any

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from campaign.emails.donation_emails import staff_alert_context
from campaign.mailer.render import WIDTH, RenderedEmail, render_email, templates_folder
from tests.support.sample_emails import SENDER


def rendered(*problems: str, locale: str = "en", **changes: Any) -> RenderedEmail:
    context = staff_alert_context(problems or ["One."], locale, SENDER)
    return render_email("staff_alert", context | changes)


def test_a_value_that_is_missing_is_an_error_and_not_a_blank() -> None:
    context = staff_alert_context(["One."], "en", SENDER)
    context.pop("site_url")
    with pytest.raises(UndefinedError, match="site_url"):
        render_email("staff_alert", context)
    with pytest.raises(TemplateNotFound):
        render_email("of_no_kind", staff_alert_context(["One."], "en", SENDER))


def test_the_html_is_escaped_and_neither_the_text_nor_the_subject_is() -> None:
    sent_email = rendered("A & <b>B</b>")
    assert "A &amp; &lt;b&gt;B&lt;/b&gt;" in sent_email.html
    assert "- A & <b>B</b>\n" in sent_email.text
    assert sent_email.subject.endswith("A & <b>B</b>")


def test_a_subject_is_one_line_whatever_it_contains() -> None:
    sent_email = rendered("One", problems=["One\r\nBcc: x\x0b\x00y\u0085z"])
    assert sent_email.subject == "1 problem needs attention: One Bcc: x y z"


def test_lines_of_the_text_are_broken_at_spaces_and_addresses_stay_whole() -> None:
    address = "https://give.example.org/" + "x" * WIDTH
    exact, over = f"{'y' * 35} {'z' * 34}", f"{'y' * 35} {'z' * 35}"
    lines = rendered("word " * 40 + address, exact, over).text.splitlines()
    assert [line for line in lines if len(line) > WIDTH] == [f"  {address}"]
    assert len(f"- {exact}") == WIDTH
    assert f"- {exact}" in lines
    # What belongs to a list item is under it.
    (start,) = (place for place, line in enumerate(lines) if line == f"- {'y' * 35}")
    assert lines[start + 1] == f"  {'z' * 35}"


def test_the_text_never_has_two_empty_lines_together_and_ends_with_one_break() -> None:
    text = rendered("One.", "Two.").text
    assert "\n\n\n" not in text
    assert text == text.strip("\n") + "\n"
    assert all(line == line.rstrip() or line == "-- " for line in text.splitlines())
    assert "\n-- \n" in text


def test_styles_are_written_into_the_html_and_those_for_dark_mode_stay() -> None:
    html = rendered().html
    assert re.search(r"<h1[^>]* style=", html)
    assert "@media" in html
    assert not re.search(r"""(src|href)=["']http://""", html)


def test_an_email_is_in_its_recipients_language_or_english() -> None:
    english, spanish, other = (rendered(locale=locale) for locale in ("en", "es", "tlh"))
    assert spanish.subject != english.subject
    assert 'lang="es"' in spanish.html
    assert (other.subject, other.text, other.html) == (english.subject, english.text, english.html)


def test_the_templates_are_where_they_are_looked_for() -> None:
    assert (templates_folder() / "email" / "receipt" / "subject.txt").is_file()
