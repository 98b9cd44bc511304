"""A campaign's own words in another language, as staff type them."""

from flask.testing import FlaskClient

from campaign.runtime.context import Installation
from tests.support.campaigns import audited, running
from tests.support.staff import StaffMaker
from tests.support.waiting import wait_until


def test_a_campaign_is_told_in_its_own_words_of_each_language(
    client: FlaskClient, installation: Installation, staff: StaffMaker
) -> None:
    running(installation)
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
