"""Which language a page speaks: the one in its address, its donor's, the browser's for errors; and what follows it."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import get_locale, gettext, lazy_gettext
from sqlalchemy import select, update

from campaign.campaigns.campaigns import find_campaign
from campaign.checkout.session_requests import RedirectUrls, session_parameters
from campaign.core.i18n import get_language
from campaign.models import Campaign, CampaignText, Donation, OutboxMessage, Reminder
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from campaign.web.language import page_language, use_language
from sandbox.outbox.receiver import MailReceiver
from tests.campaign.web.giving.test_unsubscribe import SentEmail, sent_email
from tests.support.campaigns import add_booked_gift, add_campaign
from tests.support.donor_portal import open_donor_page
from tests.support.stripe import Facts
from tests.support.waiting import wait_until

__all__ = ["sent_email"]
Give = Callable[..., Facts]
Store = Callable[..., None]
SPANISH = '<html lang="es" dir="ltr" data-figures="es-US">'


def test_flask_babel_uses_our_catalog_and_locale(app: Flask) -> None:
    later = lazy_gettext("Page not found")
    with app.test_request_context("/?lang=es"):
        assert str(get_locale()) == "es_US"
        assert gettext("Give") == page_language().gettext("Give") == "Donar"
        assert str(later) == "Página no encontrada"
    with app.test_request_context("/"):
        assert str(later) == "Page not found"
        use_language("es-MX")
        assert (str(get_locale()), gettext("Give"), page_language()) == (
            "es_US",
            "Donar",
            get_language("es"),
        )


@pytest.mark.parametrize(
    ("asked", "given"),
    [("es", "es"), ("ES-mx", "es"), ("en", "en"), ("fr", "en"), ("", "en"), ("../es", "en")],
)
def test_a_shared_page_uses_the_language_in_its_address(
    client: FlaskClient, campaign: Campaign, asked: str, given: str
) -> None:
    page = client.get("/c/nine-days/remind", query_string={"lang": asked}).text
    assert f'<html lang="{given}"' in page
    assert ("Recordármelo" in page) is (given == "es")


def test_a_page_links_to_itself_in_the_other_language(
    client: FlaskClient, campaign: Campaign
) -> None:
    english = client.get("/c/nine-days/remind?code=x y").text
    assert (
        '<a href="/c/nine-days/remind?code=x+y&amp;lang=es" lang="es" hreflang="es">Español</a>'
        in english
    )
    assert "lang=en" in client.get("/c/nine-days/remind?lang=es").text
    assert "hreflang" not in client.post("/c/nine-days/remind", data={"lang": "es"}).text


def test_a_reminder_is_asked_for_refused_and_kept_in_its_language(
    client: FlaskClient, campaign: Campaign, installation: Installation
) -> None:
    typed = {"lang": "es", "email": "ana", "when": "tomorrow"}
    refused = client.post("/c/nine-days/remind", data=typed)
    assert refused.status_code == 422
    assert "Escriba una dirección de correo" in refused.text
    assert 'name="lang" value="es"' in refused.text
    kept = client.post("/c/nine-days/remind", data=typed | {"email": "ana@example.org"}).text
    assert "Enviaremos un solo correo a" in kept
    assert "hora del Pacífico" in kept
    with installation.sessions() as session:
        assert session.scalars(select(Reminder.locale)).one() == "es"


def test_unsubscribing_uses_the_language_of_the_email(
    client: FlaskClient, sent_email: SentEmail, installation: Installation
) -> None:
    address = f"/unsubscribe/{sent_email()}"
    assert "Unsubscribe from all campaign emails" in client.get(address).text
    with installation.sessions.begin() as session:
        session.execute(update(OutboxMessage).values(locale="es"))
    spanish = client.get(address).text
    assert SPANISH in spanish
    assert "Dejar de recibir todos los correos de campaña" in spanish
    assert "Unsubscribe from all campaign emails" in client.get(f"{address}?lang=en").text
    assert "Ya no recibirá correos de campaña" in client.post(address).text


def test_a_receipt_keeps_the_language_it_was_issued_in(
    client: FlaskClient,
    installation: Installation,
    give: Give,
    store: Store,
) -> None:
    facts = give()
    with installation.sessions.begin() as session:
        session.execute(update(Donation).values(locale="es"))
    store(facts.completed())
    apply_due_events(installation)
    with installation.sessions() as session:
        receipt = session.get_one(Donation, facts.donation.id).receipt
        assert receipt is not None
        page = client.get(f"/receipts/{receipt.token}").text
    assert SPANISH in page
    assert f"<h1>Recibo {receipt.number}</h1>" in page
    assert "donados el" in page
    assert '<div class="prose" lang="es">' in page


@pytest.mark.parametrize(
    ("locale", "asked"), [("en", "auto"), ("es", "es-419"), ("es-MX", "es-419")]
)
def test_the_stripe_page_uses_the_language_of_the_gift(
    give: Give, installation: Installation, locale: str, asked: str
) -> None:
    facts = give()
    with installation.sessions() as session:
        found = session.get_one(Donation, facts.donation.id)
        found.locale, found.fee_cover = locale, 100
        urls = RedirectUrls("http://localhost/a", "http://localhost/b")
        organization = installation.settings.organization
        parameters = session_parameters(found, "Nine days", organization, urls)
        session.rollback()
    assert parameters["locale"] == asked
    shown = json.dumps(parameters["line_items"], ensure_ascii=False)
    assert ("Donación a The Harbor Ledger" in shown) is (locale != "en")


@pytest.fixture
def translated(installation: Installation, campaign: Campaign) -> None:
    with installation.sessions.begin() as session:
        text = CampaignText(campaign_id=campaign.id, locale="es", title="Noticias para todos")
        session.add(text)


@pytest.mark.usefixtures("translated")
def test_a_campaign_title_is_in_the_language_of_the_page(
    client: FlaskClient, installation: Installation, sent_email: SentEmail
) -> None:
    add_campaign(installation)
    typed = {"lang": "es", "amount": "25", "email": "ana@example.org", "step": "review"}
    assert "Noticias para todos" in client.post("/c/nine-days/donate", data=typed).text
    for path in ("", "/remind", "/print", "/embed"):
        assert "Noticias para todos" in client.get(f"/c/nine-days{path}?lang=es").text, path
        assert "Noticias para todos" not in client.get(f"/c/nine-days{path}").text, path
    for path in ("/campaigns", "/c/winter", f"/unsubscribe/{sent_email()}"):
        assert "Noticias para todos" in client.get(f"{path}?lang=es").text, path
        assert "Noticias para todos" not in client.get(path).text, path


def has_changed(live: Any, etag: str) -> bool:
    return bool(live.current("nine-days").etag != etag)


@pytest.mark.usefixtures("translated")
def test_a_page_is_rendered_from_every_read_of_the_progress(
    app: Flask, client: FlaskClient, installation: Installation
) -> None:
    """The content around the progress is read less often than the progress itself."""
    address, live = "/c/nine-days?lang=es", app.extensions["live"]
    assert client.get(address).status_code == 200
    for _ in range(3):
        before = live.current("nine-days")
        with installation.sessions.begin() as session:
            add_booked_gift(session, find_campaign(session, "nine-days"), 1_000)
        wait_until(partial(has_changed, live, before.etag))
        answer = client.get(address)
        assert (answer.status_code, "Noticias para todos" in answer.text) == (200, True)


@pytest.mark.usefixtures("translated")
def test_a_donors_page_and_receipt_name_the_campaign_in_their_language(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, give: Give, store: Store
) -> None:
    facts = give(locale="es")
    store(facts.completed())
    apply_due_events(mailing)
    assert "Noticias para todos" in client.get(f"/donations/{facts.donation.token}").text
    with mailing.sessions() as session:
        receipt = session.get_one(Donation, facts.donation.id).receipt
        assert receipt is not None
        assert receipt.frozen["campaign_title"] == "Noticias para todos"
    assert "Noticias para todos" in open_donor_page(client, mailing, mailbox)
    assert "Keep every story free to read" in client.get("/me?lang=en").text


def test_the_print_sheet_embed_and_image_follow_the_address(
    client: FlaskClient, campaign: Campaign
) -> None:
    sheet = client.get("/c/nine-days/print?lang=es").text
    assert "Haga un cheque a nombre de" in sheet
    assert "?code=" in sheet.split("Código QR: ")[1][:80]
    assert "lang=es" in sheet.split("Código QR: ")[1][:120]
    unit = client.get("/c/nine-days/embed.json?lang=es&code=article-7").get_json()
    assert (unit["lang"], unit["dir"], unit["figures"]) == ("es", "ltr", "es-US")
    assert unit["sentence"] == "Se han reunido {raised} de {goal} ({percent})."
    assert all("lang=es" in link["url"] for link in unit["links"])
    assert '"es": "Apoye a esta redacción"' in client.get("/embed.js").text
    assert '<campaign-appeal lang="es"' in client.get("/c/nine-days/embed?lang=es").text
    pictures = {client.get(f"/c/nine-days/progress.png{lang}").data for lang in ("", "?lang=es")}
    assert len(pictures) == 2
    asked = {"url": "http://localhost/c/nine-days?lang=es"}
    assert "/embed?lang=es" in client.get("/oembed", query_string=asked).get_json()["html"]
