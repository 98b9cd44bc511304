"""The appeal's other states: figures hidden, texts by language, several campaigns of one house, the day's readers."""

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.campaigns.matching_gifts import Promise, add_matching_gift
from campaign.campaigns.milestones import mark_milestones
from campaign.campaigns.progress import read_progress
from campaign.core.clock import now
from campaign.core.i18n import words
from campaign.mailer.email_context import Sender
from campaign.models import Campaign, CampaignStep
from campaign.outreach.campaign_email_content import appeal_context
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, audited, book, running
from tests.support.staff import StaffMaker
from tests.support.waiting import wait_until

FIGURES = ("$20,000", "40%", "progressbar", "Half-way", "A quarter", "gave today", "$30,000")


def change(installation: Installation, campaign: Campaign, **values: object) -> None:
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        for name, value in values.items():
            setattr(found, name, value)


def test_a_hidden_figure_is_told_nowhere_and_told_again_from_its_share_on(
    client: FlaskClient, installation: Installation, staff: StaffMaker
) -> None:
    campaign, admin = running(installation), staff()
    with installation.sessions.begin() as session:
        add_matching_gift(session, campaign, Promise("The Reyes family", "50000"), ADMIN, now())
        for _ in range(4):
            book(session, campaign, 500_000, timedelta(minutes=1))
        mark_milestones(session, now())
    wait_until(lambda: "A quarter of the goal on" in client.get("/c/winter").text)
    assert "4 readers gave today." in client.get("/c/winter").text
    plain = client.get("/c/winter/card.png").data
    typed = {"figures_hidden": "y", "figures_from_percent": "50", "locale": "en"}
    wrong = admin.post_form("/staff/c/winter/appearance", typed | {"figures_from_percent": "0"})
    assert wrong.status_code == 422
    assert admin.post_form("/staff/c/winter/appearance", typed).status_code == 303
    hidden = "What has come in is told once 50% of it is reached."
    wait_until(lambda: hidden in client.get("/c/winter").text)
    for path in ("/c/winter", "/", "/c/winter/embed", "/c/winter/print", "/campaigns"):
        page = client.get(path).text
        assert [one for one in FIGURES if one in page] == [], path
    assert "raised" not in client.get("/c/winter/embed.json").get_json()["progress"]
    assert client.get("/c/winter/card.png").data != plain
    assert client.get("/c/winter/progress.json").get_json()["raised"] == 2_000_000
    assert "$20,000" in admin.get("/staff/c/winter").text
    letter = _letter(installation, campaign)
    assert "$20,000" not in str(letter)
    assert "$30,000" not in str(letter)
    assert "is met" not in str(letter)
    with installation.sessions.begin() as session:
        book(session, campaign, 500_000, timedelta(minutes=1))
    wait_until(lambda: "$25,000 of $50,000" in client.get("/c/winter").text)
    change(installation, campaign, figures_from_percent=None)
    ended = now() - timedelta(minutes=1)
    change(installation, campaign, deadline=ended)
    wait_until(lambda: "raised, provisionally" in client.get("/c/winter").text)


def _letter(installation: Installation, campaign: Campaign) -> dict[str, object]:
    with installation.sessions() as session:
        found = session.get_one(Campaign, campaign.id)
        step = session.scalars(select(CampaignStep).limit(1)).one()
        step.texts = {"en": {"subject": "{raised} so far", "opening": "We have {raised}."}}
        sender = Sender(installation.settings.organization, installation.address)
        context = appeal_context(
            read_progress(session, found, now()), step, None, sender, words("en")
        )
        session.rollback()
    return context


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


def test_a_page_is_kept_by_language_and_by_nothing_else(
    client: FlaskClient, installation: Installation
) -> None:
    running(installation)
    for query in ("", "?lang=es"):
        address = f"/c/winter{query}"
        wait_until(lambda at=address: client.get(at).data == client.get(at).data)
    assert client.get("/c/winter").data != client.get("/c/winter?lang=es").data
    for query in ("?lang=xx", "?lang=es&code=a"):
        # The form's attempt is made anew whenever the page is rendered.
        address = f"/c/winter{query}"
        assert client.get(address).data != client.get(address).data


def test_home_shows_the_one_that_ends_soonest_and_names_the_others(
    client: FlaskClient, installation: Installation
) -> None:
    later = running(installation)
    assert "/campaigns" not in client.get("/").text
    running(
        installation, slug="soon", title="Soon", deadline=(now() + timedelta(days=1)).isoformat()
    )
    past = running(
        installation,
        slug="past",
        title="Past",
        start="2020-01-01",
        deadline="2020-02-01",
        goal="100",
    )
    change(installation, later, organization_line="The Valley Desk, a project of ours")
    wait_until(lambda: "<h1>Soon</h1>" in client.get("/").text)
    wait_until(lambda: "Keep every story free to read</a>" in client.get("/").text)
    assert ">Past</a>" not in client.get("/").text
    page = client.get("/campaigns").text
    assert (
        page.index("Open now") < page.index("Soon") < page.index("Keep every") < page.index("Ended")
    )
    assert "The Valley Desk, a project of ours" in page
    assert "$0 of $100 raised in all." in page
    assert client.get(f"/c/{past.slug}").status_code == 200
    assert "mailto:?subject=Soon&amp;body=http" in client.get("/").text
