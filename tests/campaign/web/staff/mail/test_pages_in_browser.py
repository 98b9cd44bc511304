"""axe finds nothing on the pages of subscribers and emails, in each of their states, and the keyboard is enough.

With `PICTURES=folder` in the environment each page is kept there as a picture, to be looked at.
"""

import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from campaign.core.clock import now
from campaign.models import Campaign, OutboxMessage, StaffRole, Subscriber, Suppression
from campaign.outreach.giving_segments import update_segments
from campaign.runtime.context import Installation
from tests.support.accessibility import findings, overflow
from tests.support.donors import add_donation, add_donor, add_subscription
from tests.support.staff import add_staff
from tests.support.subscribers import subscribe, subscribe_many

pytestmark = pytest.mark.browser

EYES = {
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
    "desk": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
}
WORDING = "Email me about campaigns like this one, a few times a year at most."
LONG = "550 5.7.1 <margaret.featherstonehaugh@archive.example>: relaying denied; see https://mail.example/policy/4711"


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The application over real HTTP."""
    server = make_server("localhost", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def paths(installation: Installation, campaign: Campaign) -> dict[str, str]:
    """Every page with something on it, by name."""
    with installation.sessions.begin() as session:
        _add_people(installation, campaign)
        ids = {one.email: one.id for one in session.scalars(select(Subscriber))}
        entries = {one.email: one.id for one in session.scalars(select(Suppression))}
        mails = {one.subject_key: one.id for one in session.scalars(select(OutboxMessage))}
    subscribers, list_, mail = (
        "/staff/subscribers",
        "/staff/subscribers/do-not-email",
        "/staff/mail",
    )
    return {
        "subscribers": subscribers,
        "subscribers-found": f"{subscribers}?q=ana&segment=monthly",
        "subscribers-none": f"{subscribers}?q=nobody",
        "subscribers-wrong": f"{subscribers}?segment=rich&before=x",
        "segments": f"{subscribers}/segments",
        "subscriber": f"{subscribers}/{ids['ana@example.org']}",
        "subscriber-plain": f"{subscribers}/{ids['Reader1@example.org']}",
        "subscriber-new": f"{subscribers}/new",
        "subscriber-unsubscribe": f"{subscribers}/{ids['Reader1@example.org']}/unsubscribe",
        "suppressions": list_,
        "suppressions-none": f"{list_}?q=nobody@example.org",
        "suppressions-wrong": f"{list_}?since=soon",
        "suppression": f"{list_}/{entries['ana@example.org']}",
        "refused": f"{list_}/refused",
        "undelivered": mail,
        "undelivered-none": f"{mail}?problem=stuck&kind=statement",
        "message-failed": f"{mail}/{mails['failed']}",
        "message-unknown": f"{mail}/{mails['unknown']}",
        "message-dropped": f"{mail}/{mails['dropped']}",
        "resend": f"{mail}/resend",
        "previews": f"{mail}/preview/",
        "preview": f"{mail}/preview/receipt_corrected?locale=es",
        "campaign": "/staff/c/nine-days",
        "campaign-emails": "/staff/c/nine-days/emails",
        "campaign-email": "/staff/c/nine-days/emails/three_days",
        "campaign-schedule": "/staff/c/nine-days/schedule",
        "donor": "/staff/donors/1",
    }


def _add_people(installation: Installation, campaign: Campaign) -> None:
    at = now()
    with installation.sessions.begin() as session:
        subscribe_many(session, 60)
        donor = add_donor(session, "ana@example.org", "Ana Reyes de la Vega")
        add_donation(session, campaign, donor, consent_wording=WORDING)
        add_subscription(session, campaign, donor)
        subscribe(
            session,
            "ana@example.org",
            name="Ana Reyes de la Vega",
            consent_source="donation form",
            consent_wording=WORDING,
            locale="es",
        )
        subscribe(session, "margaret.featherstonehaugh@archive.example", consent_source="book fair")
        for number, (email, reason, of_campaign) in enumerate(
            [
                ("ana@example.org", "unsubscribed", campaign.id),
                ("margaret.featherstonehaugh@archive.example", "refused", None),
                ("reader7@example.org", "bounced", None),
                ("reader8@example.org", "complained", None),
                *[(f"reader{one}@example.org", "refused", None) for one in range(9, 40)],
            ]
        ):
            session.add(
                Suppression(
                    email=email,
                    reason=reason,
                    campaign_id=of_campaign,
                    detail=LONG if reason == "refused" else "by staff: by phone",
                    created_at=at - timedelta(hours=number),
                )
            )
        problems: dict[str, dict[str, Any]] = {
            "failed": {"state": "failed", "last_error": LONG, "attempts": 3},
            "unknown": {"kind": "appeal", "state": "failed", "bulk": True, "begun_at": at},
            "erased": {"state": "failed", "recipient": ""},
            "barred": {"kind": "appeal", "state": "failed", "bulk": True, "last_error": LONG},
            "stuck": {"state": "queued", "next_attempt_at": at - timedelta(hours=2)},
            "retrying": {"state": "queued", "last_error": "421 4.7.0 try again", "attempts": 1},
            "dropped": {"state": "dropped", "last_error": "They have given."},
            "sent": {"state": "sent", "sent_at": at, "recipient": "ana@example.org"},
        }
        for key, values in problems.items():
            shown = {
                "kind": "receipt",
                "recipient": "margaret.featherstonehaugh@archive.example",
                "campaign_id": campaign.id if values.get("kind") else None,
                "subject_key": key,
                "message_id": f"<{key}@harbor-ledger.example>",
            }
            session.add(OutboxMessage(**{**shown, **values}))
        session.flush()
        update_segments(session, at)


class Looking:
    """A member of staff, signed in, who looks at one page after another; what was found is kept for the end."""

    def __init__(self, page: Page, address: str, eyes: str) -> None:
        self.page, self.address, self.eyes = page, address, eyes
        self.faults: list[str] = []

    def go(self, name: str, path: str) -> None:
        self.page.goto(f"{self.address}{path}")
        self.see(name)

    def see(self, name: str) -> None:
        shown = f"{name} ({self.eyes})"
        self.faults += [f"{shown}: {one}" for one in findings(self.page)]
        if folder := os.environ.get("PICTURES"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{folder}/{name}-{self.eyes}.png", full_page=True)
        self.page.evaluate("document.documentElement.style.fontSize = '200%'")
        self.faults += [f"{shown}, text at twice its size: {one}" for one in overflow(self.page)]


@pytest.fixture
def look(
    open_page: Callable[..., Page], address: str, installation: Installation
) -> Callable[[str], Looking]:
    """`look("phone")` signs an admin in."""

    def sign_in(eyes: str) -> Looking:
        _, path = add_staff(installation, StaffRole.admin)
        page = open_page(f"{address}{path}", **EYES[eyes])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/staff/")
        return Looking(page, address, eyes)

    return sign_in


@pytest.mark.parametrize("eyes", EYES)
def test_no_page_has_a_finding(
    look: Callable[[str], Looking], paths: dict[str, str], eyes: str
) -> None:
    looking = look(eyes)
    for name, path in paths.items():
        looking.go(name, path)
    _with_faults(looking, paths)
    assert looking.faults == []


def _with_faults(looking: Looking, paths: dict[str, str]) -> None:
    """Forms that were sent empty, and the second look before refusals are undone."""
    page = looking.page
    page.goto(looking.address + paths["subscriber-new"])
    page.get_by_role("button", name="Add subscriber").click()
    page.wait_for_selector("#errors")
    looking.see("subscriber-new-wrong")
    page.goto(looking.address + paths["suppression"])
    page.get_by_role("button", name="Allow campaign emails").click()
    page.wait_for_selector("#errors")
    looking.see("suppression-wrong")
    page.goto(looking.address + paths["refused"])
    page.get_by_label("Since").fill("2020-01-01T00:00")
    page.get_by_role("button", name="Show the number").click()
    page.wait_for_selector("[name=expected]", state="attached")
    looking.see("refused-preview")


@pytest.mark.parametrize("eyes", EYES)
def test_no_empty_page_has_a_finding(
    look: Callable[[str], Looking], campaign: Campaign, eyes: str
) -> None:
    looking = look(eyes)
    for name in ("subscribers", "subscribers/segments", "subscribers/do-not-email", "mail"):
        looking.go(f"empty-{name.replace('/', '-')}", f"/staff/{name}")
    looking.go("empty-resend", "/staff/mail/resend")
    assert looking.faults == []


def test_a_subscriber_is_added_and_unsubscribed_by_keyboard(
    look: Callable[[str], Looking], campaign: Campaign
) -> None:
    looking = look("desk")
    page = looking.page
    page.goto(f"{looking.address}/staff/subscribers/new")
    page.get_by_label("Email").focus()
    for text in ("ana@example.org", "Ana Reyes", "", "", "by phone"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Ana Reyes is a subscriber now.")
    page.get_by_role("link", name="Unsubscribe on request").press("Enter")
    page.get_by_label("How they asked").fill("by phone")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("gets no campaign emails any more")
    expect(page.get_by_text("none: unsubscribed")).to_be_visible()
