"""A person who gave, failed to give, wrote and was erased is in no log, no dump and no new backup."""

import logging
import re
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from campaign.core.clock import now
from campaign.models import Campaign, Donation, Donor, InboxEvent
from campaign.privacy.erasure_flow import erase
from campaign.privacy.personal_data_export import find_data_subject
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.stripe import StripeSandbox
from sandbox.stripe.errors import CardDeclined
from tests.conftest import sandbox_address
from tests.support.donate_form import give
from tests.support.dumps import dump_of
from tests.support.personal_data import ADA

EMAIL = "xanthippe.quill@example.org"
FORM = {"email": EMAIL, "name": "Xanthippe Quill", "comment": "Quillish greetings"}
DECLINED, GOOD = "4000000000000002", "4242424242424242"
TRACE = re.compile("xanthippe|quill", re.IGNORECASE)


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Everything that is logged, with exceptions, before any address is masked."""
    found: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(f"{record.msg} {record.args} {record.exc_info}")
            found.append(self.format(record))

    root, handler = logging.getLogger(), Keep(logging.DEBUG)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield found
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def given(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    store: Callable[..., None],
    lines: list[str],
) -> str:
    """The public id of her gift. Before it, all that may go wrong has gone wrong once."""
    stripe.fault("POST /v1/checkout/sessions", "500", times=9)
    assert give(client, **FORM).status_code == 503
    assert give(client, **{**FORM, "amount": "lots"}).status_code == 422
    stripe.clear_faults()
    assert give(client, **FORM).status_code == 303
    client.post("/c/nine-days/remind", data={"email": EMAIL, "when": "tomorrow"})
    client.post(
        "/stripe/webhook", data=f'{{"email": "{EMAIL}"}}', headers={"Stripe-Signature": "x"}
    )
    client.post("/me", data={"email": EMAIL})
    with installation.sessions() as session:
        gift = session.scalars(select(Donation)).one()
    with pytest.raises(CardDeclined):
        stripe.pay(gift.session_id, DECLINED, name="Xanthippe Quill")
    stripe.pay(gift.session_id, GOOD, name="Xanthippe Quill")
    store(*stripe.events())
    apply_due_events(installation)
    return gift.public_id


def test_no_log_line_names_her(
    client: FlaskClient, installation: Installation, given: str, lines: list[str]
) -> None:
    with pytest.raises(IntegrityError) as failed, installation.sessions.begin() as session:
        session.execute(
            text("INSERT INTO donor (email, name) VALUES (:email, '')"), {"email": EMAIL}
        )
    logging.getLogger("campaign.tests").error("failed", exc_info=failed.value)
    assert "duplicate key" in str(failed.value)
    assert any(given in one or "event_applied" in one for one in lines)
    assert [one for one in lines if TRACE.search(one)] == []
    assert TRACE.search(str(failed.value)) is None


def test_after_the_erasure_no_string_of_a_dump_names_her(
    installation: Installation, given: str, database_url: str
) -> None:
    assert TRACE.search(dump_of(database_url))
    with installation.sessions.begin() as session:
        for one in session.scalars(select(Donation)):
            one.session_expires_at = now()
    erased, events = erase(installation, lambda session: find_data_subject(session, EMAIL), ADA)
    assert (erased.donations, events > 3) == (1, True)
    left = [line for line in dump_of(database_url).splitlines() if TRACE.search(line)]
    assert left == []
    with installation.sessions() as session:
        assert session.scalars(select(Donor)).one().erased_at is not None
        assert session.scalars(select(InboxEvent)).all()
