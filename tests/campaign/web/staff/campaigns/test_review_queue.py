"""The review queue on the dashboard: only the first items are shown, all are counted."""

import pytest

from campaign.core.clock import now
from campaign.models import Acknowledgment, MailOutage
from campaign.reporting.review_queue import ActionableWarning, FailedEmail, Review
from campaign.web.staff.campaigns.review_queue import MOST, groups


def warning(number: int) -> ActionableWarning:
    return ActionableWarning(f"issfr_{number}", f"don_{number}", 2500, "usd", "misc", now())


def test_only_the_first_items_are_shown_and_all_are_counted() -> None:
    sent_emails = [
        FailedEmail(number, "receipt", f"2026-{number}", "ana@example.org", "550\nno", now())
        for number in range(3 * MOST)
    ]
    (found,) = groups(Review(messages=sent_emails), {})
    assert (found.title, found.number, found.urgent) == ("Failed emails", 3 * MOST, False)
    assert [item.key for item in found.items] == [str(number) for number in range(MOST)]
    assert found.items[1].text == "receipt 2026-1 to ana@example.org: 550 no"
    assert found.items[1].url == "/staff/donors?q=ana%40example.org"


def test_a_mail_server_that_refuses_everybody_is_urgent_and_has_no_mark() -> None:
    at = now()
    stop = MailOutage(
        lane="bulk", cause="relay", words="550 relay not permitted", readers=3, opened_at=at
    )
    (found,) = groups(Review(outages=[stop]), {})
    assert (found.title, found.urgent) == ("Mail server refuses everybody", True)
    assert (found.items[0].key, found.items[0].until) == ("", at)
    assert "550 relay not permitted" in found.items[0].text


@pytest.mark.parametrize(("looked_at", "urgent"), [(MOST, True), (MOST + 1, False)])
def test_hidden_items_make_a_group_urgent_too(looked_at: int, *, urgent: bool) -> None:
    warnings = [warning(number) for number in range(MOST + 1)]
    seen = {
        ("warning", one.stripe_id): Acknowledgment(
            kind="warning", key=one.stripe_id, acknowledged_by="Rosa", acknowledged_at=now()
        )
        for one in warnings[:looked_at]
    }
    (found,) = groups(Review(warnings=warnings), seen)
    assert found.urgent == urgent
    assert {item.seen_by for item in found.items} == {"Rosa"}
