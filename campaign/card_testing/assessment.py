"""Assess an attempt to give, and remember the sessions that attempts opened.

The interface of the donation form: `assess` before Stripe is called, `record_session` after it. Both are one round
trip and a commit. Networks and mailboxes are stored as keyed hashes, and purged with `purge_openings`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.card_testing import siege
from campaign.card_testing.policy import (
    DAY,
    HOUR,
    RECENT,
    AttackLevel,
    AttemptCounts,
    Demand,
    LevelCounts,
    SourceCounts,
    level_of,
    weigh,
)
from campaign.core.normal_forms.mailboxes import mailbox_key
from campaign.core.normal_forms.networks import network_prefix
from campaign.core.secrets import keyed_hash
from campaign.models import (
    AttemptCount,
    CardDecline,
    Donation,
    SessionOpening,
    SiegeScope,
)
from campaign.runtime.context import Installation

FASTEST_FORM = 2.0
"""Seconds below which nobody has read, chosen and looked the form over."""

KEPT = timedelta(days=3)
"""How long openings, declines and counts are kept."""


@dataclass(frozen=True)
class Attempt:
    """What is known of one attempt to give. `network`: as `core.normal_forms.networks.network_key` returns it.

    `amount`: minor units of `currency`, with the covered fee. `form_seconds`: how old the form was, None if unknown.
    `honeypot`: it filled in the field that people neither see nor hear. `scripted`: it skipped our pages.
    """

    slug: str
    network: str
    email: str
    amount: int
    currency: str
    frequency: str
    form_seconds: float | None
    honeypot: bool
    scripted: bool
    at: datetime

    @property
    def honest(self) -> bool:
        """Whether it looks as if a person had filled in the form in a browser."""
        read = self.form_seconds is not None and self.form_seconds >= FASTEST_FORM
        return read and not self.scripted and not self.honeypot


class AttemptSource(NamedTuple):
    """The keyed hashes of an attempt's network, wider network and mailbox."""

    network: str
    prefix: str
    mailbox: str


def source_of(secret_key: str, attempt: Attempt) -> AttemptSource:
    """Return the hashes, which cannot be computed without `secret_key`."""
    prefix = network_prefix(attempt.network.partition("/")[0])
    return AttemptSource(
        keyed_hash(secret_key, "card testing", "network", attempt.network),
        keyed_hash(secret_key, "card testing", "prefix", prefix),
        keyed_hash(secret_key, "card testing", "mailbox", mailbox_key(attempt.email)),
    )


def assess(installation: Installation, attempt: Attempt) -> Demand:
    """Return what `attempt` costs. An attack that shows here begins a siege, for all processes at once."""
    source = source_of(installation.settings.secret_key, attempt)
    with installation.sessions.begin() as session:
        counts = read_counts(session, source, attempt.at, honest=attempt.honest)
        demand = weigh(counts, trapped=attempt.honeypot)
        _count(session, attempt.at, held=demand.kind != "none")
        if not counts.siege and level_of(counts.alike) is AttackLevel.attack:
            scope = SiegeScope.everyone if attempt.honest else SiegeScope.scripts
            siege.begin_automatically(session, scope, counts.alike, attempt.at)
    return demand


def record_session(installation: Installation, attempt: Attempt, session_id: str) -> None:
    """Remember that `attempt` opened a session at Stripe; recorded once, however often it is called."""
    source = source_of(installation.settings.secret_key, attempt)
    row = select(
        literal(session_id),
        Donation.id,
        literal(source.network),
        literal(source.prefix),
        literal(source.mailbox),
        literal(attempt.amount),
        literal(attempt.currency),
        literal(attempt.honest),
        literal(attempt.at),
    ).where(Donation.session_id == session_id)
    names = ["session_id", "donation_id", *AttemptSource._fields, "amount", "currency", "honest"]
    made = insert(SessionOpening).from_select([*names, "opened_at"], row)
    with installation.sessions.begin() as session:
        session.execute(made.on_conflict_do_nothing())


def read_counts(
    session: Session, source: AttemptSource, at: datetime, *, honest: bool
) -> AttemptCounts:
    """Read what `weigh` needs, in two statements on indexes."""
    opened = session.execute(_opened(source, at, honest=honest)).one()
    declined = session.execute(_declined(source, at, honest=honest)).one()
    return AttemptCounts(
        alike=LevelCounts(opened.unpaid, opened.paid, declined.alike),
        network=SourceCounts(opened.network_unpaid, opened.network_paid, declined.network),
        prefix=SourceCounts(opened.prefix_unpaid, opened.prefix_paid),
        mailbox=SourceCounts(
            opened.mailbox_unpaid, opened.mailbox_paid, declined.mailbox, opened.amounts
        ),
        siege=siege.covers(session, honest=honest),
    )


def read_level_counts(session: Session, at: datetime, *, honest: bool) -> LevelCounts:
    """Return the counts that tell the level, for `honest` sessions or for all."""
    nobody = AttemptSource("", "", "")
    return read_counts(session, nobody, at, honest=honest).alike


def _alike(*, honest: bool) -> list[ColumnElement[bool]]:
    return [SessionOpening.honest.is_(True)] if honest else []


def _number(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(SessionOpening).where(*conditions).scalar_subquery()


def _opened(source: AttemptSource, at: datetime, *, honest: bool):  # type: ignore[no-untyped-def]
    row, alike = SessionOpening, _alike(honest=honest)
    unpaid, paid = row.paid_at.is_(None), row.paid_at.is_not(None)

    def since(time: timedelta) -> ColumnElement[bool]:
        return row.opened_at > at - time

    mailbox = (row.mailbox == source.mailbox, since(DAY))
    amounts = select(func.count(row.amount.distinct())).where(*mailbox, unpaid)
    return select(
        _number(since(RECENT), unpaid, *alike).label("unpaid"),
        _number(since(HOUR), paid, *alike).label("paid"),
        _number(row.network == source.network, since(HOUR), unpaid).label("network_unpaid"),
        _number(row.network == source.network, since(DAY), paid).label("network_paid"),
        _number(row.prefix == source.prefix, since(HOUR), unpaid).label("prefix_unpaid"),
        _number(row.prefix == source.prefix, since(DAY), paid).label("prefix_paid"),
        _number(*mailbox, unpaid).label("mailbox_unpaid"),
        _number(*mailbox, paid).label("mailbox_paid"),
        amounts.scalar_subquery().label("amounts"),
    )


def _declined(source: AttemptSource, at: datetime, *, honest: bool):  # type: ignore[no-untyped-def]
    opening = SessionOpening

    def cards(time: timedelta, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
        return (
            select(func.count(CardDecline.card.distinct()))
            .join(opening, opening.id == CardDecline.opening_id)
            .where(CardDecline.declined_at > at - time, *conditions)
            .scalar_subquery()
        )

    return select(
        cards(RECENT, *_alike(honest=honest)).label("alike"),
        cards(DAY, opening.network == source.network).label("network"),
        cards(DAY, opening.mailbox == source.mailbox).label("mailbox"),
    )


def _count(session: Session, at: datetime, *, held: bool) -> None:
    minute = at.replace(second=0, microsecond=0)
    made = insert(AttemptCount).values(minute=minute, attempts=1, held=int(held))
    session.execute(
        made.on_conflict_do_update(
            index_elements=["minute"],
            set_={
                "attempts": AttemptCount.attempts + 1,
                "held": AttemptCount.held + made.excluded.held,
            },
        )
    )


def purge_openings(session: Session, at: datetime) -> int:
    """Delete openings (with their declines) and counts older than KEPT; return how many."""
    before = at - KEPT
    old = SessionOpening.opened_at < before
    declined = select(SessionOpening.id).where(old)
    session.execute(delete(CardDecline).where(CardDecline.opening_id.in_(declined)))
    openings = delete(SessionOpening).where(old)
    counts = delete(AttemptCount).where(AttemptCount.minute < before)
    gone = len(session.execute(openings.returning(SessionOpening.id)).all())
    return gone + len(session.execute(counts.returning(AttemptCount.minute)).all())
