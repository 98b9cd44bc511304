"""Sensitive acts need a recent sign-in; a form sent too late is kept, encrypted, and sent after it."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from campaign.core.clock import now
from campaign.models import (
    ApiToken,
    Campaign,
    Donation,
    KeptValue,
    StaffMember,
    StaffRole,
    WebhookEndpoint,
)
from campaign.runtime.context import Installation
from campaign.staff.members import find_member
from tests.support.authenticator import link_for
from tests.support.staff import StaffClient, StaffMaker

LATER = timedelta(minutes=16)


@pytest.fixture
def travelling() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(now(), tick=False) as clock:
        yield clock


def sign_in_again(client: StaffClient, installation: Installation, email: str, target: str) -> str:
    """Follow the redirect to the sign-in page and sign in; return the page with the kept form."""
    assert target.startswith("/staff/sign-in?again=1&next=/staff/again/"), target
    with installation.sessions() as session:
        member = find_member(session, email)
    assert client.open_link(link_for(installation, member)).status_code == 303
    return client.get(target.partition("next=")[2]).text


def send(client: StaffClient, page: str) -> str:
    """Press the page's button; return where it leads."""
    *_, (action, inner) = re.findall(
        r'<form method="post" action="([^"]+)">(.*?)</form>', page, re.DOTALL
    )
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', inner)
    answer = client.post(action, data={unescape(k): unescape(v) for k, v in fields})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


ACTS = {
    "/staff/team": {"email": "new@example.org", "role": "viewer", "way": "mail", "name": "Né <b>"},
    "/staff/api-tokens": {"name": "CRM", "scopes": "progress:read", "days": "90", "attempt": "one"},
    "/staff/webhooks": {"url": "http://127.0.0.1:9/hook", "events": "donation.paid"},
}


def made(installation: Installation) -> tuple[int, int, int]:
    """Count members, tokens and endpoints."""
    with installation.sessions() as session:
        members, tokens, endpoints = (
            session.scalar(select(func.count()).select_from(table))
            for table in (StaffMember, ApiToken, WebhookEndpoint)
        )
        return members, tokens, endpoints


@pytest.mark.parametrize("path", ACTS)
def test_a_form_sent_too_late_is_kept_and_sent_after_signing_in(
    staff: StaffMaker,
    installation: Installation,
    travelling: time_machine.Traveller,
    path: str,
) -> None:
    admin = staff(StaffRole.admin, "ada@example.org")
    before = made(installation)
    travelling.shift(LATER)
    asked = admin.post_form(path, ACTS[path])
    assert asked.status_code == 303
    assert made(installation) == before
    page = sign_in_again(admin, installation, "ada@example.org", asked.location)
    assert made(installation) == before
    send(admin, page)
    assert sum(made(installation)) == sum(before) + 1
    # It opens once.
    assert admin.get(asked.location.partition("next=")[2]).status_code == 410


@pytest.mark.parametrize("act", ["role", "reset-second-factor", "link", "activate"])
def test_changes_of_a_member_need_a_recent_sign_in(
    staff: StaffMaker,
    installation: Installation,
    travelling: time_machine.Traveller,
    act: str,
) -> None:
    admin = staff(StaffRole.admin, "ada@example.org")
    staff(StaffRole.viewer, "vic@example.org")
    with installation.sessions() as session:
        member = find_member(session, "vic@example.org")
    form = {"role": "finance", "way": "show"}
    recent = admin.post_form(f"/staff/team/{member.id}/{act}", form)
    assert "/staff/team" in recent.location
    travelling.shift(LATER)
    late = admin.post_form(f"/staff/team/{member.id}/{act}", form)
    assert late.location.startswith("/staff/sign-in?again=1")


@pytest.mark.parametrize(
    "path", ["/staff/exports/donors.csv?since=2026-01-01", "/staff/subscribers/subscribers.csv"]
)
def test_lists_of_people_need_a_recent_sign_in_and_the_address_is_kept(
    staff: StaffMaker, app: Flask, travelling: time_machine.Traveller, path: str
) -> None:
    finance = staff(StaffRole.finance)
    rules = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    address = path.replace("/staff/exports", rules["exports.page"]).replace(
        "/staff/subscribers/", rules["subscribers.listed"].rstrip("/") + "/"
    )
    assert finance.get(address).status_code == 200
    travelling.shift(LATER)
    late = finance.get(address)
    assert (late.status_code, "again=1" in late.location) == (303, True)
    assert (
        late.location.endswith(address.partition("?")[0]) or "since%3D2026-01-01" in late.location
    )


def test_a_large_refund_needs_a_recent_sign_in_and_a_small_one_does_not(
    staff: StaffMaker,
    installation: Installation,
    campaign: Campaign,
    gave: Callable[..., int],
    travelling: time_machine.Traveller,
) -> None:
    finance = staff(StaffRole.finance, "fay@example.org")
    gave(amount=80_000)
    with installation.sessions() as session:
        public_id = session.scalars(select(Donation.public_id)).one()
    travelling.shift(LATER)
    form = {"reason": "requested_by_customer", "token": "t" * 16}
    path = f"/staff/donations/{public_id}/refund"
    assert finance.post_form(path, form | {"amount": "500"}).status_code != 303
    asked = finance.post_form(path, form | {"amount": "500.01"})
    page = sign_in_again(finance, installation, "fay@example.org", asked.location)
    assert "500.01" in page


def test_a_kept_form_is_its_owners_and_unreadable_in_the_database(
    staff: StaffMaker, installation: Installation, travelling: time_machine.Traveller
) -> None:
    admin, other = (
        staff(StaffRole.admin, "ada@example.org"),
        staff(StaffRole.admin, "bo@example.org"),
    )
    travelling.shift(LATER)
    asked = admin.post_form("/staff/team", ACTS["/staff/team"])
    with installation.sessions() as session:
        [kept] = session.scalars(select(KeptValue))
        assert b"example" not in kept.sealed
    token = asked.location.rpartition("/")[2]
    assert token not in kept.digest
    assert other.get(f"/staff/again/{token}").status_code == 410
    page = sign_in_again(admin, installation, "ada@example.org", asked.location)
    assert "Né &lt;b&gt;" in page
    assert "csrf_token" in page


def test_a_kept_form_is_forgotten_after_half_an_hour(
    staff: StaffMaker, installation: Installation, travelling: time_machine.Traveller
) -> None:
    admin = staff(StaffRole.admin, "ada@example.org")
    travelling.shift(LATER)
    asked = admin.post_form("/staff/team", ACTS["/staff/team"])
    travelling.shift(timedelta(minutes=31))
    page = sign_in_again(admin, installation, "ada@example.org", asked.location)
    assert "no longer kept" in page
