"""The same refusal of several readers in a row: counted over all workers, stopped, tried again, ended."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.core.refused_replies import RefusedReply
from campaign.mailer import circuit_breaker
from campaign.mailer.circuit_breaker import PROBES, READERS_IN_A_ROW, same_refusal
from campaign.mailer.outbox import CLAIMED, EmailClaim
from campaign.models import MailLane, MailOutage, MailRefusal, OutboxMessage
from campaign.models.base import new_token

UNKNOWN = RefusedReply("address", "no_mailbox", "550 5.1.1 no such user")
RELAY = RefusedReply("us", "relay", "550 relay not permitted")
BULK, SINGLE = MailLane.bulk, MailLane.single

Refuse = Callable[..., circuit_breaker.RefusalsInARow]


def claim(session: Session, recipient: str, *, bulk: bool = True) -> EmailClaim:
    row = OutboxMessage(
        kind="appeal",
        subject_key=new_token(),
        recipient=recipient,
        bulk=bulk,
        state="sending",
        message_id=new_token(),
        attempts=1,
    )
    session.add(row)
    session.flush()
    found = session.execute(select(*CLAIMED).where(OutboxMessage.id == row.id)).one()
    return EmailClaim(**found._asdict())


@pytest.fixture
def refuse(session: Session) -> Refuse:
    """Record a refusal of a new message to `recipient`."""

    def record(
        recipient: str,
        reply: RefusedReply = UNKNOWN,
        *,
        bulk: bool = True,
        at: datetime | None = None,
        connection: str = "",
    ) -> circuit_breaker.RefusalsInARow:
        message = claim(session, recipient, bulk=bulk)
        found = circuit_breaker.record_refusal(
            session, message, reply, at or clock.now(), connection
        )
        if not found.stopped:
            session.get_one(OutboxMessage, message.id).state = "failed"
            session.flush()
        return found

    return record


def fill(refuse: Refuse, reply: RefusedReply = UNKNOWN, **options: bool) -> None:
    for number in range(READERS_IN_A_ROW):
        refuse(f"reader{number}@example.org", reply, **options)


def test_the_third_reader_in_a_row_stops_the_lane_and_takes_the_others_back(
    session: Session, refuse: Refuse
) -> None:
    assert not refuse("ana@example.org").stopped
    assert not refuse("ben@example.org").stopped
    found = refuse("eva@example.org")
    assert found.stopped
    assert [one.recipient for one, _ in found.taken_back] == ["ana@example.org", "ben@example.org"]
    [outage] = circuit_breaker.open_outages(session)
    assert (outage.lane, outage.cause, outage.readers) == ("bulk", "no_mailbox", 3)
    assert outage.words == "550 5.1.1 no such user"
    assert session.scalars(select(MailRefusal)).all() == []
    assert not circuit_breaker.is_stopped(session, SINGLE)


def test_the_same_reader_counts_once(session: Session, refuse: Refuse) -> None:
    assert [refuse("Ana@example.org").stopped for _ in range(4)] == [False] * 4
    assert not refuse("ana@example.org").stopped
    assert not refuse("ANA@example.org").stopped


def test_an_acceptance_in_between_ends_the_row(session: Session, refuse: Refuse) -> None:
    refuse("ana@example.org")
    refuse("ben@example.org")
    ended = circuit_breaker.record_acceptance(session, BULK, clock.now())
    assert [one.recipient for one in ended] == ["ana@example.org", "ben@example.org"]
    assert not refuse("eva@example.org").stopped
    assert not refuse("ida@example.org").stopped
    assert list(circuit_breaker.record_acceptance(session, SINGLE, clock.now())) == []
    assert refuse("uma@example.org").stopped, "an acceptance of the other lane does not end it"


def test_refusals_that_say_something_else_do_not_add_up_but_are_taken_back(refuse: Refuse) -> None:
    moved = RefusedReply("address", "moved", "551 5.1.6 the user has moved")
    assert not refuse("ana@example.org").stopped
    assert not refuse("ben@example.org", moved).stopped
    assert not refuse("eva@example.org").stopped
    assert len(refuse("ida@example.org").taken_back) == 3


def test_refusals_of_our_relay_add_up_whatever_their_words(refuse: Refuse) -> None:
    words = ("554 5.7.1 Relay access denied", "550 relay not permitted", "550 no relaying for you")
    stopped = [
        refuse(f"reader{n}@example.org", RefusedReply("us", "relay", each)).stopped
        for n, each in enumerate(words)
    ]
    assert stopped == [False, False, True]


@pytest.mark.parametrize(
    ("reply", "stops"),
    [
        (RefusedReply("passing", "busy", "451 4.7.1 greylisted", permanent=False), False),
        (RefusedReply("us", "rate", "450 4.7.1 too much mail", permanent=False), True),
        (RefusedReply("passing", "full", "552 5.2.2 mailbox full"), True),
    ],
)
def test_greylisting_is_each_messages_own_and_a_limit_is_not(
    session: Session, refuse: Refuse, reply: RefusedReply, stops: bool
) -> None:
    fill(refuse, reply)
    assert circuit_breaker.is_stopped(session, BULK) is stops


def test_a_refused_connection_stops_at_once_unless_it_passes(
    session: Session, refuse: Refuse
) -> None:
    later = RefusedReply("us", "rate", "421 too many", permanent=False, on_connecting=True)
    assert not refuse("ana@example.org", later).stopped
    wrong = RefusedReply("us", "authentication", "535 5.7.8 no", on_connecting=True)
    assert refuse("ana@example.org", wrong).stopped
    [outage] = circuit_breaker.open_outages(session)
    assert (outage.cause, outage.readers) == ("authentication", 0)


def test_what_stops_one_lane_stops_the_other_at_its_first_refusal(refuse: Refuse) -> None:
    fill(refuse)
    other = RefusedReply("address", "moved", "551 5.1.6 the user has moved")
    assert not refuse("ana@example.org", other, bulk=False).stopped
    assert refuse("ben@example.org", UNKNOWN, bulk=False).stopped


def test_while_it_is_stopped_no_refusal_is_the_readers_fault(refuse: Refuse) -> None:
    fill(refuse)
    assert refuse("ana@example.org", RefusedReply("address", "moved", "551 moved")).stopped
    greylisted = RefusedReply("passing", "busy", "451 later", permanent=False)
    assert refuse("ana@example.org", greylisted).stopped


def test_one_try_is_made_at_growing_intervals_by_one_worker_and_an_acceptance_ends_it(
    session: Session, refuse: Refuse
) -> None:
    assert circuit_breaker.take_turn(session, BULK, clock.now()).allowed
    at = clock.now()
    for number in range(READERS_IN_A_ROW):
        refuse(f"reader{number}@example.org", at=at)
    for seconds in (30, 60, 120, 240, 300, 300):
        almost = at + timedelta(seconds=seconds - 1)
        assert not circuit_breaker.take_turn(session, BULK, almost).allowed
        at += timedelta(seconds=seconds)
        turn = circuit_breaker.take_turn(session, BULK, at)
        assert turn.allowed
        turn.use(session, at)
        assert not circuit_breaker.take_turn(session, BULK, at).allowed
    assert PROBES.longest == timedelta(seconds=300)
    circuit_breaker.record_acceptance(session, BULK, at)
    assert circuit_breaker.take_turn(session, BULK, at).allowed
    [outage] = session.scalars(select(MailOutage).execution_options(populate_existing=True))
    assert outage.closed_at == at
    assert circuit_breaker.open_outages(session) == []
    assert list(circuit_breaker.outages_since(session, at - timedelta(days=1))) == [outage]
    assert list(circuit_breaker.outages_since(session, at)) == []


def test_staff_can_have_it_tried_at_once(session: Session, refuse: Refuse) -> None:
    at = clock.now()
    fill(refuse)
    assert not circuit_breaker.take_turn(session, BULK, at).allowed
    circuit_breaker.try_now(session, at)
    assert circuit_breaker.take_turn(session, BULK, at).allowed


def test_a_row_is_forgotten_after_a_day(session: Session, refuse: Refuse) -> None:
    at = clock.now()
    refuse("ana@example.org", at=at - timedelta(hours=25))
    refuse("ben@example.org", at=at - timedelta(hours=23))
    assert [one.recipient for one in circuit_breaker.end_old_rows(session, at)] == [
        "ana@example.org"
    ]
    refuse("eva@example.org")
    assert not circuit_breaker.is_stopped(session, BULK)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("550 5.1.1 <ana@a.example>: unknown", "550 5.1.1 <ben@b.example>: unknown", True),
        ("550 5.1.1 unknown u22-20020a056870d6 - gsmtp", "550 5.1.1 unknown q7mr2 - gsmtp", True),
        (
            "550 no mail for ana here (mx1.a.example)",
            "550 no mail for ben here (mx2.b.example)",
            True,
        ),
        ("550 5.1.1 unknown", "550 5.2.1 unknown", False),
        ("550 5.1.1 unknown", "551 5.1.1 unknown", False),
        ("550 5.1.1 unknown", "550 5.1.1 moved", False),
    ],
)
def test_addresses_and_ids_make_no_difference_and_words_do(
    one: str, other: str, same: bool
) -> None:
    first = same_refusal(RefusedReply("address", "no_mailbox", one), "ana@a.example")
    second = same_refusal(RefusedReply("address", "no_mailbox", other), "ben@b.example")
    assert (first == second) is same


def test_one_machine_of_several_that_refuses_everybody_is_noticed_among_acceptances(
    session: Session, refuse: Refuse
) -> None:
    for number, stopped in enumerate((False, False, True)):
        found = refuse(f"reader{number}@example.org", connection="broken")
        assert found.stopped is stopped
        circuit_breaker.record_acceptance(session, BULK, clock.now(), "fine")
    assert len(found.taken_back) == 2
    assert not circuit_breaker.is_stopped(session, BULK), "the others still accept"


def test_refusals_on_several_connections_are_one_row_until_one_accepts(
    session: Session, refuse: Refuse
) -> None:
    refuse("ana@example.org", connection="1")
    refuse("ben@example.org", connection="2")
    assert [
        one.recipient for one in circuit_breaker.record_acceptance(session, BULK, clock.now(), "2")
    ] == ["ben@example.org"]
    assert not refuse("eva@example.org", connection="3").stopped
    assert not refuse("ida@example.org", connection="4").stopped
    found = refuse("uma@example.org", connection="5")
    assert [one.recipient for one, _ in found.taken_back] == ["eva@example.org", "ida@example.org"]
