"""Tribute cards: sent once, only while the gift is paid, and erased with the person."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import delete, select, update

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.core.i18n import get_language
from campaign.donations.donations import lock_donation
from campaign.donations.tribute_cards import (
    CardRequest,
    build_card_email,
    card_context,
    card_heading,
    card_sentence,
    purge_cards,
)
from campaign.emails.delivery import deliver_due
from campaign.mailer.email_context import ObsoleteEmail, Sender
from campaign.mailer.kinds import EmailKind
from campaign.mailer.suppressions import suppress
from campaign.models import (
    Campaign,
    Donation,
    DonationState,
    OutboxMessage,
    SuppressionReason,
    TributeCard,
)
from campaign.privacy.erasure import erase_person
from campaign.privacy.personal_data_export import collect_personal_data, find_data_subject
from campaign.receipts import pdf_documents, print_queue
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.outbox.receiver import MailReceiver
from tests.support.donors import claim_of
from tests.support.ledger import run_sql
from tests.support.stripe import Facts

RETENTION = timedelta(days=90)
BY_EMAIL = CardRequest(
    "email", "Ben Ortiz", "ben@example.org", "", "She read it aloud.", "Ana Reyes"
)
FAILING = CardRequest("email", "Finn Orr", "finn@example.org", "", "", "Ana Reyes")
BY_POST = CardRequest("post", "Ben Ortiz", "", "12 Pier Road\nAstoria, OR 97103", "", "Ana Reyes")

Give = Callable[..., Facts]
Store = Callable[..., None]


@pytest.fixture
def dedicate(give: Give) -> Give:
    """Begin a gift in memory of Rosa Reyes, with a card."""

    def begin(card: CardRequest, **changes: object) -> Facts:
        return give(tribute_kind="memory", tribute_name="Rosa Reyes", card=card, **changes)

    return begin


def cards(installation: Installation) -> list[OutboxMessage]:
    with installation.sessions() as session:
        found = select(OutboxMessage).where(OutboxMessage.kind == EmailKind.tribute_card)
        return list(session.scalars(found))


def to_print(installation: Installation) -> list[print_queue.PrintItem]:
    organization = installation.settings.organization
    with installation.sessions.begin() as session:
        return list(print_queue.list_print_queue(session, organization, None))


def test_an_email_card_is_sent_once_when_the_gift_is_paid(
    mailing: Installation, mailbox: MailReceiver, dedicate: Give, store: Store
) -> None:
    facts = dedicate(BY_EMAIL)
    assert cards(mailing) == []
    store(facts.completed(), facts.intent_succeeded(), facts.completed())
    apply_due_events(mailing)
    deliver_due(mailing)
    deliver_due(mailing)
    (card,) = [mail for mail in mailbox.messages if "ben@example.org" in mail.recipients]
    assert card.message["Subject"] == "A gift in memory of Rosa Reyes"
    shown = " ".join(card.message.get_body(("plain",)).get_content().split())
    assert "Ana Reyes made a gift to The Harbor Ledger in memory of Rosa Reyes." in shown
    assert "She read it aloud." in shown
    assert "$25" not in shown
    (row,) = cards(mailing)
    assert (row.state, row.recipient) == ("sent", "ben@example.org")


@pytest.mark.parametrize("why", ["refunded", "suppressed", "partly", "failed"])
def test_a_card_is_dropped_if_the_gift_is_no_longer_paid(
    mailing: Installation, mailbox: MailReceiver, dedicate: Give, store: Store, why: str
) -> None:
    facts = dedicate(BY_EMAIL)
    if why == "failed":
        store(facts.promised(), facts.debit_failed())
    else:
        store(facts.completed())
    apply_due_events(mailing)
    if why in {"refunded", "partly"}:
        store(facts.refunded("r", 2_500 if why == "refunded" else 1_000))
        apply_due_events(mailing)
    with mailing.sessions.begin() as session:
        if why == "suppressed":
            suppress(session, "ben@example.org", SuppressionReason.complained)
    deliver_due(mailing)
    states = [(card.state, card.last_error) for card in cards(mailing)]
    assert (
        states
        == {
            "refunded": [("dropped", "the gift is refunded")],
            "suppressed": [("dropped", "the address is suppressed")],
            "partly": [("sent", None)],
            "failed": [],
        }[why]
    )


def test_a_mailed_card_is_printed_once_and_not_for_a_returned_gift(
    installation: Installation, dedicate: Give, store: Store, tmp_path: Path
) -> None:
    facts, back = dedicate(BY_POST), dedicate(BY_POST, email="cora@example.org")
    assert to_print(installation) == []
    store(facts.completed(), back.completed(), back.refunded("r", 2_500))
    apply_due_events(installation)
    assert cards(installation) == []
    (sent_email,) = to_print(installation)
    assert (sent_email.kind, sent_email.about) == ("card", f"card of {facts.donation.public_id}")
    assert sent_email.address == ("Ben Ortiz", "12 Pier Road", "Astoria, OR 97103")
    page = {"kind": sent_email.kind, "context": sent_email.context, "address": sent_email.address}
    pdf = PdfReader(io.BytesIO(pdf_documents.print_queue_pdf([page])))
    assert len(pdf.pages) == 1
    text = " ".join(pdf.pages[0].extract_text().split())
    assert (
        "Dear Ben Ortiz, Ana Reyes made a gift to The Harbor Ledger in memory of Rosa Reyes."
        in text
    )
    assert "12 Pier Road" in text
    with installation.sessions.begin() as session:
        print_queue.mark_mailed(session, [sent_email], clock.now())
    assert to_print(installation) == []


@pytest.mark.parametrize("whose", ["ana@example.org", "BEN@example.org"])
def test_a_card_is_exported_and_erased_for_donor_and_recipient(
    installation: Installation, dedicate: Give, store: Store, whose: str
) -> None:
    store(dedicate(BY_EMAIL).completed())
    apply_due_events(installation)
    with installation.sessions.begin() as session:
        person = find_data_subject(session, whose)
        held = collect_personal_data(session, person)
        assert [card["message"] for card in held["tribute_cards"]] == ["She read it aloud."]
        assert EmailKind.tribute_card in {mail["kind"] for mail in held["mail"]}
        erase_person(session, person, Actor.command_line(), clock.now())
        assert session.scalars(select(TributeCard)).all() == []
    (row,) = cards(installation)
    assert (row.recipient, row.name, row.state) == ("", "", "dropped")


def test_card_recipients_are_purged_long_after_the_campaign(
    mailing: Installation, dedicate: Give, store: Store
) -> None:
    later, moment = clock.now() + RETENTION, timedelta(minutes=1)

    def forgotten(at: datetime) -> int:
        with mailing.sessions.begin() as session:
            return purge_cards(session, at)

    by_email, printed = dedicate(BY_EMAIL), dedicate(BY_POST, email="cora@example.org")
    back = dedicate(BY_POST, email="dora@example.org")
    failing = dedicate(FAILING, email="eve@example.org")
    store(
        failing.completed(),
        by_email.completed(),
        printed.completed(),
        back.completed(),
        back.refunded("r", 2_500),
    )
    apply_due_events(mailing)
    assert forgotten(later + moment) == 0, "its result is not final"
    with mailing.sessions.begin() as session:
        session.execute(update(Campaign).values(finalized_at=clock.now(), final_raised=5_000))
    assert forgotten(later - moment) == 0
    assert forgotten(later + moment) == 1, "of the gift that went back; the others wait their turn"
    deliver_due(mailing)
    with mailing.sessions.begin() as session:
        waiting = print_queue.list_print_queue(session, mailing.settings.organization, None)
        print_queue.mark_mailed(session, waiting, clock.now())
        session.execute(
            update(OutboxMessage)
            .where(
                OutboxMessage.kind == EmailKind.tribute_card,
                OutboxMessage.recipient == FAILING.email,
            )
            .values(state="failed", sent_at=None, last_error="550 <finn@example.org> is unknown")
        )
    assert forgotten(later + moment) == 3
    assert forgotten(later + moment) == 0
    with mailing.sessions() as session:
        assert session.scalars(select(TributeCard)).all() == []
    rows = [(row.recipient, row.name, row.state, row.last_error) for row in cards(mailing)]
    assert sorted(rows, key=str) == [
        ("", "", "dropped", "the campaign ended long ago"),
        ("", "", "sent", None),
    ]


def saved(installation: Installation) -> TributeCard:
    with installation.sessions() as session:
        return session.scalars(select(TributeCard)).one()


def test_a_card_keeps_only_the_address_of_its_delivery(
    installation: Installation, dedicate: Give
) -> None:
    dedicate(CardRequest("email", "Ben Ortiz", "ben@example.org", "12 Pier Road", "Hello", "Ana"))
    card = saved(installation)
    assert (card.delivery, card.email, card.address) == ("email", "ben@example.org", "")
    assert (card.name, card.message, card.sender) == ("Ben Ortiz", "Hello", "Ana")


def test_a_mailed_card_keeps_no_email_address(installation: Installation, dedicate: Give) -> None:
    dedicate(CardRequest("post", "Ben Ortiz", "ben@example.org", "12 Pier Road", "", "Ana"))
    card = saved(installation)
    assert (card.delivery, card.email, card.address) == ("post", "", "12 Pier Road")


def test_a_cards_email_belongs_to_the_donor_and_is_in_their_language(
    installation: Installation, dedicate: Give, store: Store
) -> None:
    facts = dedicate(BY_EMAIL, locale="es")
    store(facts.completed())
    apply_due_events(installation)
    (row,) = cards(installation)
    assert (row.recipient, row.name, row.locale) == ("ben@example.org", "Ben Ortiz", "es")
    assert (row.donor_id, row.subject_key) == (facts.donation.donor_id, facts.donation.public_id)


@pytest.mark.parametrize(
    ("kind", "locale", "heading", "sentence"),
    [
        ("memory", "en", "A gift in memory of Rosa Reyes", "Ana made a gift to The Gull in memory of Rosa Reyes."),
        ("honor", "en", "A gift in honor of Rosa Reyes", "Ana made a gift to The Gull in honor of Rosa Reyes."),
        ("memory", "es", "Una donación en memoria de Rosa Reyes", ""),
        ("honor", "es", "Una donación en honor de Rosa Reyes", ""),
    ],
)  # fmt: skip
def test_a_card_says_for_whom_the_gift_was_made(
    kind: str, locale: str, heading: str, sentence: str
) -> None:
    gift = Donation(tribute_kind=kind, tribute_name=" Rosa\n Reyes ", locale=locale, amount=2500)
    card = TributeCard(name="Ben  Ortiz", sender="Ana", message="One\n\n  \nTwo")
    context, language = card_context(gift, card), get_language(locale)
    assert context == {
        "locale": locale,
        "memory": kind == "memory",
        "tribute_name": "Rosa Reyes",
        "name": "Ben Ortiz",
        "sender": "Ana",
        "message": ["One", "Two"],
    }
    assert card_heading(context, language) == heading
    said = card_sentence(context, "The Gull", language)
    assert said == sentence if sentence else all(one in said for one in ("Ana", "The Gull", "Rosa"))


@pytest.mark.parametrize("state", DonationState)
def test_a_card_is_built_only_for_a_gift_of_which_something_remains(
    installation: Installation, dedicate: Give, store: Store, state: DonationState
) -> None:
    facts = dedicate(BY_EMAIL)
    store(facts.completed())
    apply_due_events(installation)
    run_sql(installation, "UPDATE donation SET state = :state", state=state.value)
    (row,) = cards(installation)
    organization = installation.settings.organization
    with installation.sessions() as session:
        built = build_card_email(session, claim_of(row), Sender(organization, str))
        session.execute(delete(TributeCard))
        gone = build_card_email(session, claim_of(row), Sender(organization, str))
    if state in {DonationState.paid, DonationState.partially_refunded}:
        assert isinstance(built, dict)
        assert (built["organization"], built["name"]) == (organization, "Ben Ortiz")
    else:
        assert built == ObsoleteEmail(f"the gift is {state.value}")
    assert gone == ObsoleteEmail("the card was deleted")


@pytest.mark.parametrize(
    ("finalized", "created", "purged"),
    [(0, 0, 1), (1, 0, 0), (0, 1, 0)],
    ids=["both at the limit", "final a moment later", "given a moment later"],
)
def test_a_card_is_kept_ninety_days_after_the_result_and_after_the_gift(
    installation: Installation, dedicate: Give, finalized: int, created: int, purged: int
) -> None:
    dedicate(BY_POST)
    at, moment = clock.now(), timedelta(microseconds=1)
    limit = at - timedelta(days=90)
    with installation.sessions.begin() as session:
        done = {"finalized_at": limit + finalized * moment, "final_raised": 0}
        session.execute(update(Campaign).values(done))
        session.execute(update(TributeCard).values(created_at=limit + created * moment))
    with installation.sessions.begin() as session:
        assert purge_cards(session, at) == purged
        assert len(session.scalars(select(TributeCard)).all()) == 1 - purged


def test_a_gift_that_is_being_changed_keeps_its_card_for_the_next_run(
    installation: Installation, dedicate: Give
) -> None:
    held, free = dedicate(BY_POST), dedicate(BY_POST, email="cora@example.org")
    run_sql(installation, "UPDATE campaign SET finalized_at = now(), final_raised = 0")
    at = clock.now() + RETENTION + timedelta(minutes=1)
    with installation.sessions() as holder, installation.sessions.begin() as session:
        assert lock_donation(holder, held.donation.public_id)
        assert purge_cards(session, at) == 1
        left = session.scalars(select(TributeCard.donation_id)).all()
        assert left == [held.donation.id]
        assert free.donation.id not in left
