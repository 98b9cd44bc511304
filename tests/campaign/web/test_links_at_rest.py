"""Nothing in a copy of the database opens a page: every string of its dump is tried as a link on every route."""

import re
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.auth.donors import begin_donor_session, make_donor_link
from campaign.auth.policies import STAFF_LINK
from campaign.auth.staff import make_staff_link
from campaign.core import clock
from campaign.models import (
    Campaign,
    Donation,
    Donor,
    DonorLinkPurpose,
    OutboxMessage,
    Receipt,
    Reminder,
    StaffMember,
    StaffRole,
    StripeRequest,
    Subscription,
)
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.dumps import dump_of
from tests.support.monthly_gifts import Begin
from tests.support.staff import add_staff

ARGUMENTS = {"token", "secret"}


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def routes(app: Flask) -> set[str]:
    """The pages that a secret in their address opens, with `{}` in its place."""
    return {
        re.sub(r"<[^>]+>", "{}", rule.rule)
        for rule in app.url_map.iter_rules()
        if ARGUMENTS & rule.arguments and "GET" in (rule.methods or ())
    }


def links(installation: Installation) -> dict[str, str]:
    """Links that do open: what the emails and pages have."""
    with installation.sessions.begin() as session:
        donor = session.scalars(select(Donor)).one()
        now = clock.now()
        begin_donor_session(session, donor, now)
        member = session.scalars(select(StaffMember)).one()
        gift = session.scalars(select(Subscription)).one()
        return {
            "/donations/{}": session.scalars(select(Donation)).one().token,
            "/receipts/{}": session.scalars(select(Receipt)).one().token,
            "/receipts/{}.pdf": session.scalars(select(Receipt)).one().token,
            "/subscriptions/{}": gift.token,
            "/subscriptions/{}/cancel": gift.token,
            "/remind/{}": _reminder(session, now),
            "/unsubscribe/{}": session.scalars(select(OutboxMessage)).all()[0].token,
            "/me/link/{}": _last(make_donor_link(session, donor, DonorLinkPurpose.open, "", now)),
            "/me/address/{}": _last(
                make_donor_link(session, donor, DonorLinkPurpose.address, "ana@new.example", now)
            ),
            "/staff/sign-in/link/{}": _last(
                make_staff_link(session, member, member.email, now, STAFF_LINK)
            ),
        }


def _reminder(session: Session, now: datetime) -> str:
    campaign = session.scalars(select(Campaign)).one()
    row = Reminder(campaign_id=campaign.id, email="rosa@example.org", choice="tomorrow", due_at=now)
    session.add(row)
    session.flush()
    session.refresh(row)
    return str(row.token)


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def opened(client: FlaskClient, path: str, number: int) -> bool:
    """Whether the page opens. Each asks from an address of its own, so that no limit answers instead."""
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    answer = client.get(path, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code != 429
    return answer.status_code == 200


def test_no_string_of_a_dump_opens_a_page(
    app: Flask,
    client: FlaskClient,
    installation: Installation,
    database_url: str,
    begin: Begin,
) -> None:
    add_staff(installation, StaffRole.admin)
    gift = begin()
    client.post(f"/subscriptions/{gift.token}/card")
    good = links(installation)
    # The last one needs a session too, and opens once.
    known = routes(app) - {"/subscriptions/{}/card", "/staff/again/{}"}
    assert set(good) == known, "a page that a secret opens is missing here"
    for number, (path, token) in enumerate(good.items()):
        assert opened(client, path.format(token), number), path

    dump = dump_of(database_url)
    assert "ana@example.org" in dump
    strings = sorted(set(re.findall(r"[A-Za-z0-9_-]{16,90}", dump)))
    assert len(strings) > 100, strings
    found = [
        (path, one)
        for number, one in enumerate(strings)
        for path in sorted(known)
        if opened(client, path.format(one), 1000 + number)
    ]
    assert found == []


def test_what_is_saved_of_requests_to_stripe_leads_nowhere_but_stripe_gets_the_link(
    client: FlaskClient, installation: Installation, stripe: StripeSandbox, begin: Begin
) -> None:
    gift = begin()
    client.post(f"/subscriptions/{gift.token}/card")
    with installation.sessions() as session:
        token = session.scalars(select(Donation)).one().token
        saved = session.scalars(select(StripeRequest).order_by(StripeRequest.id)).all()
    (sent,) = stripe.objects("checkout.session")
    assert sent["success_url"].endswith(f"/donations/{token}")
    kept = [one.parameters.get("success_url") or one.parameters["return_url"] for one in saved]
    assert [one.partition("localhost")[2].split("?")[0] for one in kept] == [
        "/donations/{LINK_TOKEN}",
        "/subscriptions/{LINK_TOKEN}/card",
    ]


def test_a_link_from_before_is_not_saved_either_when_stripe_is_to_lead_back_to_it(
    client: FlaskClient, installation: Installation, begin: Begin
) -> None:
    begin()
    old = "vWq0b3cJ2mXyz_-0123456"
    with installation.sessions.begin() as session:
        session.scalars(select(Subscription)).one().token = old
    assert client.post(f"/subscriptions/{old}/card").status_code == 303
    with installation.sessions() as session:
        saved = session.scalars(select(StripeRequest).order_by(StripeRequest.id.desc())).first()
    assert saved is not None
    assert "{LINK_TOKEN}" in saved.parameters["return_url"]
    assert old not in saved.parameters["return_url"]
