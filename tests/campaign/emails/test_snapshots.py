"""Every email in every language, word for word, and the rules that all of them follow.

Run with UPDATE_EMAILS=1 to update the snapshots, then read the changes.
"""

import hashlib
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from campaign.emails.samples import samples
from tests.support.sample_emails import BULK, EVERY_SAMPLE, SITE, STRIPE_PAGE, sample_email

FOLDER = Path(__file__).parent / "snapshots"
UPDATE = os.environ.get("UPDATE_EMAILS") == "1"
LARGEST = 80_000
WIDEST = 72

every_email = pytest.mark.parametrize(("name", "locale"), EVERY_SAMPLE)


class Seen(HTMLParser):
    """The contents of an email's HTML: elements, URLs, language, title and visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.language = self.title = self.text = ""
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._inside = tag
        values = dict(attrs)
        self.links += [
            values[name] or "" for name in ("href", "src", "background") if name in values
        ]
        if tag == "html":
            self.language = values.get("lang") or ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data
        elif self._inside != "style":
            self.text += data


@every_email
def test_an_email_matches_its_snapshot_word_for_word(name: str, locale: str) -> None:
    email = sample_email(name, locale)
    digest = hashlib.sha256(email.html.encode()).hexdigest()
    text = f"Subject: {email.subject}\nHTML: sha256 {digest}\n\n{email.text}"
    kept = FOLDER / locale / f"{name}.txt"
    if UPDATE:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(text, encoding="utf-8")
    assert text == kept.read_text(encoding="utf-8")


def test_no_snapshot_remains_of_a_removed_email() -> None:
    kept = {(path.stem, path.parent.name) for path in FOLDER.rglob("*.txt")}
    assert kept == set(EVERY_SAMPLE)


@every_email
def test_the_html_is_small_and_loads_nothing(name: str, locale: str) -> None:
    html = sample_email(name, locale).html
    seen = Seen(html)
    assert len(html.encode()) < LARGEST
    assert not {"img", "script", "link", "iframe", "form", "video", "object"} & set(seen.tags)
    assert "url(" not in html
    assert "@import" not in html
    assert 'style="' in html
    assert "prefers-color-scheme: dark" in html


@every_email
def test_every_url_is_absolute_and_ours_or_stripes(name: str, locale: str) -> None:
    email = sample_email(name, locale)
    links = Seen(email.html).links
    assert all(link.startswith((f"{SITE}/", STRIPE_PAGE, "mailto:giving@")) for link in links), (
        links
    )
    written = re.findall(r"https?://\S+", email.text)
    assert all(link.startswith((f"{SITE}/", STRIPE_PAGE)) for link in written), written


@every_email
def test_the_plain_text_has_every_link_of_the_html(name: str, locale: str) -> None:
    email = sample_email(name, locale)
    for link in Seen(email.html).links:
        assert link.removeprefix("mailto:") in email.text


@every_email
def test_the_html_has_a_language_and_a_title(name: str, locale: str) -> None:
    seen = Seen(sample_email(name, locale).html)
    assert seen.language == locale
    assert seen.title.strip()
    assert sample_email(name, locale).html.lower().startswith("<!doctype html>")


@every_email
def test_the_plain_text_is_wrapped_and_free_of_markup(name: str, locale: str) -> None:
    text = sample_email(name, locale).text
    lines = text.splitlines()
    assert len(text) > 200
    assert not re.search(r"</?(p|a|br|h1|td|div|strong)[ >/]|&(amp|nbsp|lt);", text)
    assert all(len(line) <= WIDEST or "://" in line for line in lines)
    assert "\n\n\n" not in text
    assert all(line == line.rstrip() or line == "-- " for line in lines)


@every_email
def test_no_placeholder_remains_and_nothing_is_shouted(name: str, locale: str) -> None:
    email = sample_email(name, locale)
    for part in (email.subject, email.text, Seen(email.html).text):
        assert not re.search(r"[\ue000-\uf8ff]|%\(|\{\{|None|[!¡]", part), part
    assert "\n" not in email.subject
    assert 10 < len(email.subject) <= 100


@every_email
def test_each_email_names_the_organization(name: str, locale: str) -> None:
    email = sample_email(name, locale)
    for part in (email.text, Seen(email.html).text):
        for said in ("The Harbor Ledger", "214 Wharf Street", "EIN 12-3456789", "State of Oregon"):
            assert said in part


@every_email
def test_campaign_emails_can_be_unsubscribed_and_say_why_they_were_sent(
    name: str, locale: str
) -> None:
    email = sample_email(name, locale)
    # A test to staff is a campaign email that they read as a reader would.
    bulk = samples()[name].kind in BULK or name == "campaign_test"
    for part in (email.text, email.html):
        assert (f"{SITE}/unsubscribe/sample-email" in part) == bulk
        why = (
            "You are receiving this email because"
            if locale == "en"
            else "Recibe este correo porque"
        )
        assert (why in part) == bulk
