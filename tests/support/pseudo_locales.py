"""Pages in generated test languages, and the text on them that is still English."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaign.models import Donation, Receipt
from campaign.runtime.context import Installation
from tests.support.catalogs import arabic, pseudo, with_languages
from tests.support.untranslated import READ

PSEUDO, ARABIC = "he", "ar"
"""The generated languages use the direction and the dates of Hebrew and Arabic."""


@pytest.fixture(autouse=True, scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with with_languages(tmp_path_factory.mktemp("translations"), {PSEUDO: pseudo, ARABIC: arabic}):
        yield


# The text of receipts was frozen in English.
FROZEN = {
    "wording": [],
    "frequency_text": "",
    "issued_text": "1.1.2026",
    "gift_date_text": "1.1.2026",
}


def set_locale(installation: Installation, locale: str) -> None:
    """Set the locale of all donations and receipts."""
    with installation.sessions.begin() as session:
        session.execute(update(Donation).values(locale=locale))
        for receipt in session.scalars(select(Receipt)):
            receipt.frozen = receipt.frozen | FROZEN | {"locale": locale}


DATA = re.compile(
    # Names of people and of Stripe, addresses, codes and figures, which are not translated.
    r"The Harbor Ledger|Keep every story free to read|Tonight the|commission|votes|Wharf Street|Astoria, OR"
    r"|Stripe’s?|\bEIN\b|NINE-DAYS(-[\w-]+)?|\S+@\S+|https?://\S+|localhost\S*|\{\w+\}|US\$|\b[A-Z]{3}\b|PDF|QR"
    r"|\d+[\d:.,]*( ?[AP]M)?|English|Español|nine-days|winter|WINTER(-[\w-]+)?|\bRosa\b"
)
_ENGLISH = re.compile(r"[A-Za-z]{2,}")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent = tag in {"script", "style"}
        values = dict(attrs)
        machine = tag == "meta" and values.get("name") != "description"
        for name, value in values.items():
            read = name in READ and not (machine and name == "content")
            if read or (name.startswith("data-") and " " in (value or "").strip()):
                self.texts.append(value or "")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


def untranslated_in_markup(markup: str) -> list[str]:
    """Return the texts and readable attributes of a page that contain English words."""
    page = _Page()
    page.feed(markup)
    return [left for text in page.texts if (left := english_in(text))]


def english_in(text: str) -> str:
    """Return the part of `text` that is neither data nor from the catalog, which has no plain Latin letters here."""
    bare = DATA.sub(" ", text)
    return " ".join(text.split()) if _ENGLISH.search(bare) else ""


def untranslated_on_page(client: FlaskClient, path: str) -> list[str]:
    """Return the same for the page at `path`."""
    return untranslated_in_markup(client.get(path).text)
