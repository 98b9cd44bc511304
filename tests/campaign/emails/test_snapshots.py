"""Every letter in every language, word for word, and what holds for all of them.

Run with UPDATE_LETTERS=1 to write the snapshots anew; then read what changed.
"""

import hashlib
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from campaign.emails.samples import samples
from tests.support.sample_emails import BULK, EVERY, SITE, STRIPE_PAGE, sample_letter

FOLDER = Path(__file__).parent / "snapshots"
UPDATE = os.environ.get("UPDATE_LETTERS") == "1"
LARGEST = 80_000
WIDEST = 72

every_letter = pytest.mark.parametrize(("name", "locale"), EVERY)


class Seen(HTMLParser):
    """What a letter's HTML holds: elements, addresses, language, title, and the text that is shown."""

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


@every_letter
def test_a_letter_is_word_for_word_as_it_was_last_read(name: str, locale: str) -> None:
    letter = sample_letter(name, locale)
    digest = hashlib.sha256(letter.html.encode()).hexdigest()
    text = f"Subject: {letter.subject}\nHTML: sha256 {digest}\n\n{letter.text}"
    kept = FOLDER / locale / f"{name}.txt"
    if UPDATE:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(text, encoding="utf-8")
    assert text == kept.read_text(encoding="utf-8")


def test_no_snapshot_is_left_of_a_letter_that_is_gone() -> None:
    kept = {(path.stem, path.parent.name) for path in FOLDER.rglob("*.txt")}
    assert kept == set(EVERY)


@every_letter
def test_the_html_is_small_and_loads_nothing(name: str, locale: str) -> None:
    html = sample_letter(name, locale).html
    seen = Seen(html)
    assert len(html.encode()) < LARGEST
    assert not {"img", "script", "link", "iframe", "form", "video", "object"} & set(seen.tags)
    assert "url(" not in html
    assert "@import" not in html
    assert 'style="' in html
    assert "prefers-color-scheme: dark" in html


@every_letter
def test_every_address_is_absolute_and_ours_or_stripes(name: str, locale: str) -> None:
    letter = sample_letter(name, locale)
    links = Seen(letter.html).links
    assert all(link.startswith((f"{SITE}/", STRIPE_PAGE, "mailto:giving@")) for link in links), (
        links
    )
    written = re.findall(r"https?://\S+", letter.text)
    assert all(link.startswith((f"{SITE}/", STRIPE_PAGE)) for link in written), written


@every_letter
def test_the_plain_text_leads_wherever_the_html_does(name: str, locale: str) -> None:
    letter = sample_letter(name, locale)
    for link in Seen(letter.html).links:
        assert link.removeprefix("mailto:") in letter.text


@every_letter
def test_the_html_names_its_language_and_itself(name: str, locale: str) -> None:
    seen = Seen(sample_letter(name, locale).html)
    assert seen.language == locale
    assert seen.title.strip()
    assert sample_letter(name, locale).html.lower().startswith("<!doctype html>")


@every_letter
def test_the_plain_text_is_written_as_such(name: str, locale: str) -> None:
    text = sample_letter(name, locale).text
    lines = text.splitlines()
    assert len(text) > 200
    assert not re.search(r"</?(p|a|br|h1|td|div|strong)[ >/]|&(amp|nbsp|lt);", text)
    assert all(len(line) <= WIDEST or "://" in line for line in lines)
    assert "\n\n\n" not in text
    assert all(line == line.rstrip() or line == "-- " for line in lines)


@every_letter
def test_nothing_is_left_open_and_nobody_shouts(name: str, locale: str) -> None:
    letter = sample_letter(name, locale)
    for part in (letter.subject, letter.text, Seen(letter.html).text):
        assert not re.search(r"[\ue000-\uf8ff]|%\(|\{\{|None|[!¡]", part), part
    assert "\n" not in letter.subject
    assert 10 < len(letter.subject) <= 100


@every_letter
def test_each_letter_says_whose_it_is(name: str, locale: str) -> None:
    letter = sample_letter(name, locale)
    for part in (letter.text, Seen(letter.html).text):
        for said in ("The Harbor Ledger", "214 Wharf Street", "EIN 12-3456789", "State of Oregon"):
            assert said in part


@every_letter
def test_letters_to_many_can_be_stopped_and_say_why_they_come(name: str, locale: str) -> None:
    letter = sample_letter(name, locale)
    bulk = samples()[name].kind in BULK
    for part in (letter.text, letter.html):
        assert (f"{SITE}/unsubscribe/sample-email" in part) == bulk
        why = "You get this letter because" if locale == "en" else "Recibe esta carta porque"
        assert (why in part) == bulk
