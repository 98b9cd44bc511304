"""The print appeal: as much text as fits, the coupon's code, and links to the other sizes."""

import re

import pytest
from flask.testing import FlaskClient

from campaign.offline.coupon_codes import coupon_code
from campaign.runtime.context import Installation
from tests.support.campaigns import add_campaign


def sheet(client: FlaskClient, query: str = "") -> str:
    answer = client.get(f"/c/winter/print{query}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=60")
    return answer.text


def others(page: str) -> dict[str, str]:
    """Return the links to the other sizes, by link text."""
    found = re.findall(r'<a href="(/c/winter/print[^"]*)">([^<]+)</a>', page)
    return {words: address.replace("&amp;", "&") for address, words in found}


def test_its_code_names_the_article_and_links_back(
    client: FlaskClient, installation: Installation
) -> None:
    campaign = add_campaign(installation)
    plain = sheet(client)
    assert 'data-code="WINTER"' in plain
    assert "http://localhost/c/winter?code=WINTER<" in plain.replace("</title>", "<")
    code = coupon_code(campaign, "Harbor-Lights 7")
    assert f'data-code="{code}"' in sheet(client, "?article=Harbor-Lights%207")
    hostile = sheet(client, "?article=%22%3E%3Cscript%3Ex&size=%22%3E%3Cb%3E")
    assert "<script>x" not in hostile
    assert '"><b>' not in hostile
    assert 'data-code="WINTER/SCRIPTX-' in hostile


def test_each_sheet_links_to_the_other_paper_and_print_size(
    client: FlaskClient, installation: Installation
) -> None:
    add_campaign(installation)
    assert others(sheet(client)) == {
        "A4 paper": "/c/winter/print?size=a4",
        "Large print": "/c/winter/print?size=letter&large=1",
    }
    assert others(sheet(client, "?size=a4&large=1&article=Fish")) == {
        "Letter paper": "/c/winter/print?size=letter&large=1&article=fish",
        "Standard print": "/c/winter/print?size=a4&article=fish",
    }
    assert "&lang=es" in next(iter(others(sheet(client, "?lang=es")).values()))


@pytest.mark.parametrize(
    ("query", "size", "print_"),
    [
        ("", "letter", "usual"),
        ("?size=a4&large=0", "a4", "usual"),
        ("?size=a4&large=no", "a4", "usual"),
        ("?size=a5&large=yes", "letter", "large"),
    ],
)
def test_an_unknown_paper_is_letter(
    client: FlaskClient, installation: Installation, query: str, size: str, print_: str
) -> None:
    add_campaign(installation)
    page = sheet(client, query)
    assert f"sheet-{size}.css" in page
    assert f'<body class="{print_}"' in page


def test_whole_paragraphs_are_shown_as_long_as_they_fit(
    client: FlaskClient, installation: Installation
) -> None:
    first, second = "first " * 70, "second " * 70
    add_campaign(installation, appeal=f"{first}\n\n## More\n\n{second}\n\n## Last\n\n{first}third")
    page = sheet(client)
    assert ("second" in page, "third" in page) == (True, False)
    assert ("More" in page, "Last" in page) == (True, False)
    assert "Read the full text at http://localhost/c/winter." in page
    large = sheet(client, "?large=1")
    assert ("second" in large, "first …" in large) == (False, True)
    assert "Read the full text at" in large


def test_a_short_text_is_whole_in_each_size(
    client: FlaskClient, installation: Installation
) -> None:
    add_campaign(installation, appeal="First.\n\n## More\n\nLast.")
    for query in ("", "?size=a4", "?large=1", "?size=a4&large=1"):
        page = sheet(client, query)
        assert ("Last." in page, "Read the full text at" in page) == (True, False)


def shown(client: FlaskClient, installation: Installation, words: int) -> tuple[int, bool]:
    """Return how many of `words` words are on the sheet, and whether it says where to read all."""
    slug = f"words-{words}"
    add_campaign(installation, slug=slug, appeal="gifts " * words)
    page = client.get(f"/c/{slug}/print").text
    return page.count("gifts ") + page.count("gifts<"), "Read the full text at" in page


def test_a_text_that_fits_is_whole_and_one_word_more_is_cut(
    client: FlaskClient, installation: Installation
) -> None:
    """The limit is found, not known: in between, a text is whole or cut, never both."""
    fits, cut = 100, 800
    assert shown(client, installation, fits) == (fits, False)
    while cut - fits > 1:
        words = (fits + cut) // 2
        count, noted = shown(client, installation, words)
        assert noted == (count < words)
        fits, cut = (fits, words) if noted else (words, cut)
    assert 200 < fits < 400


def test_after_the_end_it_asks_for_no_gift(client: FlaskClient, installation: Installation) -> None:
    add_campaign(installation)
    assert "Make a check payable to" in sheet(client)
    add_campaign(installation, slug="over", start="2020-01-01", deadline="2020-02-01")
    page = client.get("/c/over/print").text
    assert "This campaign no longer accepts gifts." in page
    assert "The campaign was open until 11:59 p.m. on February 1, 2020" in page
    assert "Make a check payable to" not in page
    assert 'class="coupon"' not in page


def test_an_unknown_campaign_has_no_sheet(client: FlaskClient) -> None:
    assert client.get("/c/unknown/print").status_code == 404
