"""The translations page: a campaign's texts in another language."""

import re

import pytest
from flask.testing import FlaskClient

from campaign.runtime.context import Installation
from tests.support.campaigns import add_campaign, audited
from tests.support.staff import StaffMaker
from tests.support.waiting import wait_until


def test_each_language_shows_its_own_texts(
    client: FlaskClient, installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    assert (
        '<h1 lang="en" dir="auto">Keep every story free to read</h1>'
        in client.get("/c/winter?lang=es").text
    )
    admin, path = staff(), "/staff/c/winter/texts/es"
    typed = {"title": "Que todo siga libre", "appeal": "Esta **noche**."}
    seen = admin.get(path).text.split('name="seen"')[1].split('value="')[1].split('"')[0]
    assert "<strong>noche</strong>" in admin.post_form(path, typed | {"do": "preview"}).text
    assert admin.post_form(path, typed | {"seen": seen}).status_code == 303
    other = admin.post_form(path, typed | {"title": "Otra", "seen": seen})
    assert (other.status_code, "Que todo siga libre" in other.text) == (409, True)
    wait_until(lambda: "<h1>Que todo siga libre</h1>" in client.get("/c/winter?lang=es").text)
    spanish, english = client.get("/c/winter?lang=es").text, client.get("/c/winter").text
    assert "<strong>noche</strong>" in spanish
    assert "<h1>Keep every story free to read</h1>" in english
    for page in (spanish, english):
        assert '<link rel="alternate" hreflang="es" href="http' in page
        assert 'hreflang="x-default"' in page
    assert 'hreflang="es">Español</a>' in english
    assert 'rel="canonical" href="http://localhost/c/winter?lang=es"' in spanish
    assert client.get("/c/winter/embed.json?lang=es").get_json()["title"] == "Que todo siga libre"
    assert "Que todo siga libre" in client.get("/c/winter/print?lang=es").text
    assert admin.get("/staff/c/winter/texts/en").status_code == 404
    assert [one.action for one in audited(installation)].count("campaign.translated") == 1


def test_a_preview_saves_nothing_and_is_sanitized(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    admin, path = staff(), "/staff/c/winter/texts/es"
    typed = {"title": "Hola", "appeal": "<script>x</script> **noche** [a](javascript:x)"}
    page = admin.post_form(path, typed | {"do": "preview"}).text
    assert "<strong>noche</strong>" in page
    assert "<script>x" not in page
    assert 'href="javascript' not in page
    assert "translated" not in str([one.action for one in audited(installation)])


@pytest.mark.parametrize("locale", ["en", "xx", "es-MX", "ES"])
def test_only_other_supported_languages_have_a_page(
    installation: Installation, staff: StaffMaker, locale: str
) -> None:
    add_campaign(installation)
    admin = staff()
    assert admin.get(f"/staff/c/winter/texts/{locale}").status_code == 404
    assert admin.post_form(f"/staff/c/winter/texts/{locale}", {"title": "x"}).status_code == 404


def test_the_second_of_two_editors_sees_the_saved_text_and_can_then_save_theirs(
    client: FlaskClient, installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    admin, path = staff(), "/staff/c/winter/texts/es"

    def mark(page: str) -> str:
        return re.findall(r'name="seen"[^>]*value="([^"]*)"', page)[0]

    seen = mark(admin.get(path).text)
    first = {"title": "Una", "appeal": "A", "seen": seen}
    assert admin.post_form(path, first).status_code == 303
    refused = admin.post_form(path, first | {"title": "Otra"})
    assert (refused.status_code, 'value="Otra"' in refused.text) == (409, True)
    assert "Una" in refused.text
    again = first | {"title": "Otra", "seen": mark(refused.text)}
    assert again["seen"] != seen
    assert admin.post_form(path, again).status_code == 303
    wait_until(lambda: "<h1>Otra</h1>" in client.get("/c/winter?lang=es").text)
