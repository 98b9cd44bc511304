"""Words about what passes, each by the rule that is meant."""

import pytest

from campaign.mailer.refusal_meaning import RefusalAbout, RefusalCause, judge_refusal

CAUSE = RefusalCause


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("552 5.2.2 The recipient's inbox is out of storage space", CAUSE.full),
        ("550 5.1.1 mailbox is full", CAUSE.full),
        ("452 4.2.2 user over quota", CAUSE.full),
        ("550 not enough storage space", CAUSE.full),
        ("550 5.7.13 Disabled recipient address", CAUSE.disabled),
        ("550 Mailbox is frozen", CAUSE.disabled),
        ("554 This account has been disabled or discontinued [#102]", CAUSE.disabled),
        ("550 5.5.0 The recipient account is blocked. LPN007_426", CAUSE.disabled),
        ("550 4.4.7 QUEUE.Expired; message expired", CAUSE.expired),
        ("retry time not reached for any host after a long failure period", CAUSE.expired),
        ("connect to mx.example.org: Connection timed out", CAUSE.expired),
        ("connect to mx.example.org: Connection refused", CAUSE.network),
        ("554 5.4.6 Too many hops", CAUSE.network),
        ("Name service error: Host not found, try again", CAUSE.network),
        ("DNS Error: DNS type 'mx' lookup of example.org responded with code NXDOMAIN", CAUSE.network),
        ("450 4.7.1 Greylisted", CAUSE.busy),
        ("421 Service not available", CAUSE.busy),
        ("554 Service currently unavailable", CAUSE.busy),
        ("451 Temporary local problem - please try later", CAUSE.busy),
        ("550 5.2.1 The user is receiving mail at a rate that prevents additional messages", CAUSE.busy),
    ],
)  # fmt: skip
def test_what_passes_has_its_cause(words: str, cause: RefusalCause) -> None:
    meaning = judge_refusal(words, command="RCPT")
    assert (meaning.about, meaning.cause) == (RefusalAbout.passing, cause)
