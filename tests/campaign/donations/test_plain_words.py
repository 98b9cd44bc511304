"""Names and messages hold words; addresses and links in them are found however they are written."""

import pytest

from campaign.donations.plain_words import find_address

LINKS = [
    "http://example.com",
    "https:// example.com/x",
    "hxxp://example.com",
    "hxxps://example[.]com",
    "ftp://example.com",
    "www.example.com",
    "www .example.com",
    "example.com",
    "EXAMPLE.COM",
    "Example.Com",
    "Evil.Net",
    "x.com",
    "example\u0701com",
    "example\u06d4com",
    "Buy at example.com!",
    "see cheap-pills.shop",
    "deals.example.co.uk/now",
    "bücher.de",
    "例え.jp",
    "пример.рф",
    "example[.]com",
    "example (dot) com",
    "example{.}com",
    "example dot com",
    "example punto com",
    "example .com",
    "example . com",
    "example。com",
    "example．com",
    "example․com",
    "exam\u200bple.com",
    "example\u200b.\u200bcom",
    "ｅｘａｍｐｌｅ．ｃｏｍ",
    "ex\u00adample.org",
    "name@example.org",
    "name @ example.org",
    "name＠example.org",
    "name(at)example.org",
    "name [at] example",
    "mailto:x",
    "10.0.0.1",
    "call 192.0.2.7 now",
    "t.me/somebody",
    "bit.ly/3x",
    "Call +1 800 555 0100 now",
    "0800-555-0100-1",
    "two lines\nexample.com",
]

WORDS = [
    "",
    "Rosa",
    "St. John",
    "St.John",
    "Dr.Smith",
    "Mr.Li",
    "A.B. Yehoshua",
    "J.R.R. Tolkien",
    "J.Crew",
    "J.Lo",
    "O'Brien-Núñez",
    "Acme Inc.",
    "Acme.Inc",
    "Smith & Co.",
    "Jean-Luc d’Arcy",
    "Wei 李",
    "Иван Петров",
    "d.o.b. 1950",
    "No. 5",
    "Class of '84",
    "e.g. this",
    "For everything. Live well.",
    "Thanks! To all of you...",
    "so much fun. live well",
    "Happy birthday. In love, Ana",
    "1945-2026",
    "12.12.2026",
    "at the age of 93.",
    "She gave us 1,000,000 reasons to smile.",
    "PhD.",
    "in memory of Node.js",
    "at home (at last)",
    "10:30 a.m.",
]


@pytest.mark.parametrize("text", LINKS)
def test_an_address_is_found_however_it_is_written(text: str) -> None:
    assert find_address(text), text
    assert find_address(f"Dear Ana, {text}"), text


@pytest.mark.parametrize("text", WORDS)
def test_names_and_sentences_are_words(text: str) -> None:
    assert find_address(text) == ""
    assert find_address(f"Dear Ana, {text}") == ""
