"""What staff read about a refusal: what to do for each cause, and whether it is over."""

from datetime import UTC, datetime

import pytest

from campaign.mailer.refusal_advice import advice, describe_outage
from campaign.mailer.refusal_meaning import RefusalCause
from campaign.models import MailOutage

AT = datetime(2026, 12, 1, tzinfo=UTC)


def outage(**values: object) -> MailOutage:
    given = {"lane": "single", "cause": "relay", "words": "550 relay not permitted", "readers": 3}
    return MailOutage(**{**given, "opened_at": AT, "closed_at": None, **values})


@pytest.mark.parametrize("cause", RefusalCause)
def test_each_cause_says_what_to_do_as_the_start_of_a_sentence(cause: RefusalCause) -> None:
    words = advice(cause)
    assert words[0].isupper()
    assert words[-1] not in ".;:"


def test_a_stop_says_what_is_not_sent_why_and_what_follows() -> None:
    words = describe_outage(outage())
    assert words.startswith(
        "Receipts and other single emails are not sent: the mail server refused 3"
    )
    assert "(550 relay not permitted). Ask the mail host" in words
    assert "once it is accepted" in words


def test_one_that_is_over_asks_for_nothing() -> None:
    words = describe_outage(outage(closed_at=AT, lane="bulk"))
    assert words.startswith("Campaign emails are not sent")
    assert "Ask" not in words
    assert "nobody was suppressed" in words


def test_a_refused_connection_counts_no_recipients() -> None:
    assert "refused the connection" in describe_outage(outage(readers=0))
