"""Import people who agreed to campaign emails elsewhere, with the evidence that the other system has.

Nobody without evidence is imported, and nobody is subscribed who left: there, or here before.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.core.errors import ListInvalid
from campaign.models import Subscriber
from campaign.moving.columns import ImportField
from campaign.moving.importing import ImportKind, ImportPlan, ReadEntry, SavedEntries
from campaign.moving.list_states import STATE_FIELDS, ListState, read_state, why
from campaign.moving.moments import read_moment
from campaign.moving.people_presets import PEOPLE
from campaign.moving.suppressed import LeftAddress, count_suppressed, suppress_all
from campaign.moving.tables import TableRow
from campaign.moving.values import (
    name_beside_address,
    read_email,
    read_language,
    read_text,
    read_yes,
)
from campaign.moving.zones import read_zone, zone_of_offsets
from campaign.outreach.subscribers import LONGEST, Consent, ImportCounts, add_subscribers

_SKEW = timedelta(minutes=5)
"""How far another clock may be ahead of ours."""

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_EVIDENCE = ("confirmed_at", "optin_at", "consent_at")
"""Moments of consent, the one that says most first."""

ADDED, KNOWN, SUPPRESSED = "added", "already present", "of them suppressed here"
LEFT, LEFT_BEFORE = "unsubscribed there and now suppressed here", "suppressed before"
OUTSIDE = "not subscribed there"


@dataclass(frozen=True)
class Person:
    """A person of a list: the consent, or that they left."""

    consent: Consent | None = None
    left: LeftAddress | None = None


class PeopleImport(ImportKind[Person]):
    """People and their consent."""

    name = "people"
    action = "subscribers.imported"
    fields = (
        ImportField(
            "email", "the address", required=True, also=("email address", "e-mail", "mail")
        ),
        ImportField("name", "the name", also=("full name",)),
        ImportField("first_name", "the first name", also=("first name", "given name")),
        ImportField("last_name", "the last name", also=("last name", "surname", "family name")),
        ImportField("locale", "the language", also=("language", "lang")),
        ImportField("timezone", "the time zone", also=("time zone",)),
        ImportField("winter_offset", "hours from Greenwich"),
        ImportField("summer_offset", "hours from Greenwich in summer"),
        ImportField("country", "the country's code", also=("country code",)),
        ImportField("consent_source", "where they agreed", also=("signup source", "source")),
        ImportField("consent_at", "when they agreed"),
        ImportField("consent_wording", "the words they agreed to"),
        ImportField("optin_at", "when they filled in the form", also=("opt-in time",)),
        ImportField("optin_ip", "from which address"),
        ImportField("confirmed_at", "when they confirmed by email"),
        ImportField("confirmed_ip", "from which address"),
        ImportField("double_opt_in", "whether they confirmed by email"),
        *STATE_FIELDS,
    )
    presets = PEOPLE
    counted = (ADDED, KNOWN, SUPPRESSED, LEFT, LEFT_BEFORE, OUTSIDE)
    dates = _EVIDENCE

    def check(self, plan: ImportPlan) -> None:
        """Refuse a file that has no evidence of anybody's consent."""
        left = ("unsubscribed_at", "bounced_at")
        if not any(name in plan.columns for name in (*_EVIDENCE, *left)):
            raise ListInvalid(
                f"Read as {plan.preset.system}, the file has no column that says when people agreed to emails."
                f" Its columns: {', '.join(plan.table.columns)}. Name it with"
                ' --map "Their column=consent_at". Nobody is imported without consent.'
            )

    def read(self, row: TableRow, plan: ImportPlan) -> ReadEntry[Person]:
        """Return the person, or that they are on no list there."""
        columns, cells = plan.columns, row.cells
        written = columns.get(cells, "email")
        email = read_email(written)
        if len(email) > LONGEST["email"]:
            raise ValueError(f"email is longer than {LONGEST['email']} characters")
        state = read_state(columns, cells)
        if state is ListState.outside:
            return ReadEntry(row.line, None, left_out=OUTSIDE)
        if state.reason:
            left = LeftAddress(email, state.reason, why(columns, cells, plan.preset.system))
            # A key of its own: somebody who is on one list of the file and left another one left.
            return ReadEntry(row.line, Person(left=left), f"{email} (left)", repeated=LEFT_BEFORE)
        notes: list[str] = []
        consent = Consent(
            email=email,
            name=_name(plan, cells) or read_text(name_beside_address(written), LONGEST["name"]),
            locale=_locale(plan, cells, notes),
            timezone=_timezone(plan, cells, notes),
            consent_source=_source(plan, cells),
            consent_wording=_text(plan, cells, "consent_wording"),
            consent_at=_consent_at(plan, cells),
        )
        return ReadEntry(row.line, Person(consent), email, notes=tuple(notes))

    def save(
        self, session: Session, entries: Sequence[ReadEntry[Person]], *, dry_run: bool
    ) -> SavedEntries:
        """Add the people, each once; suppress those who left. Nobody's suppression is lifted."""
        people = [one.entry for one in entries if one.entry]
        consents = [one.consent for one in people if one.consent]
        add = _look_up if dry_run else add_subscribers
        added = add(session, consents)
        new, before = suppress_all(
            session, [one.left for one in people if one.left], dry_run=dry_run
        )
        counts = {ADDED: added.added, KNOWN: added.known, SUPPRESSED: added.suppressed}
        return SavedEntries(Counter({**counts, LEFT: new, LEFT_BEFORE: before}))


def _look_up(session: Session, people: Sequence[Consent]) -> ImportCounts:
    """Return what adding them would do."""
    addresses = [one.email.lower() for one in people]
    present = select(func.count()).where(func.lower(Subscriber.email).in_(addresses))
    known = session.scalars(present).one()
    return ImportCounts(len(people) - known, known, count_suppressed(session, addresses))


def _text(plan: ImportPlan, cells: dict[str, str], name: str) -> str:
    try:
        return read_text(plan.columns.get(cells, name), LONGEST.get(name, LONGEST["name"]))
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None


def _name(plan: ImportPlan, cells: dict[str, str]) -> str:
    parts = (_text(plan, cells, "first_name"), _text(plan, cells, "last_name"))
    return _text(plan, cells, "name") or read_text(" ".join(filter(None, parts)), LONGEST["name"])


def _locale(plan: ImportPlan, cells: dict[str, str], notes: list[str]) -> str:
    try:
        return read_language(plan.columns.get(cells, "locale")) or "en"
    except ValueError as error:
        _refuse_or_note(plan, error, "English is used", notes)
        return "en"


def _timezone(plan: ImportPlan, cells: dict[str, str], notes: list[str]) -> str | None:
    def cell(name: str) -> str:
        return plan.columns.get(cells, name)

    try:
        found = read_zone(cell("timezone"))
    except ValueError as error:
        _refuse_or_note(plan, error, "the campaign's is used", notes)
        found = ""
    offsets = (cell("winter_offset"), cell("summer_offset"), cell("country"))
    return found or zone_of_offsets(*offsets) or None


def _refuse_or_note(plan: ImportPlan, error: ValueError, instead: str, notes: list[str]) -> None:
    """A person who wrote the list can correct it; what a system guessed about somebody is no reason to refuse them."""
    if plan.preset.strict:
        raise error
    notes.append(f"{str(error).partition(';')[0]}; {instead}")


def _source(plan: ImportPlan, cells: dict[str, str]) -> str:
    """Return where the person agreed: as the file says, as the request says, or the system with what it recorded."""
    written = _text(plan, cells, "consent_source") or plan.request.consent_source
    if plan.preset.strict:
        if not written:
            raise ValueError("no consent_source: where did they agree?")
        return written
    recorded = ", ".join(_recorded(plan, cells))
    whole = ": ".join(
        filter(None, [", ".join(filter(None, [plan.preset.system, written])), recorded])
    )
    return whole[: LONGEST["consent_source"]]


def _recorded(plan: ImportPlan, cells: dict[str, str]) -> list[str]:
    """Return the system's own evidence: `opted in 2024-03-01 17:00:00 from 192.0.2.1`."""
    found = []
    for word, at, ip in (
        ("opted in", "optin_at", "optin_ip"),
        ("confirmed", "confirmed_at", "confirmed_ip"),
        ("added", "consent_at", ""),
    ):
        moment = _text(plan, cells, at)
        address = _text(plan, cells, ip) if ip else ""
        if moment:
            found.append(f"{word} {moment} from {address}" if address else f"{word} {moment}")
    # Brevo writes the first and second choice of its attribute as 1 and 2.
    answer = plan.columns.get(cells, "double_opt_in")
    if answer and answer != "2" and read_yes(answer):
        found.append("double opt-in")
    return found


def _consent_at(plan: ImportPlan, cells: dict[str, str]) -> datetime:
    for name in _EVIDENCE:
        cell = plan.columns.get(cells, name)
        try:
            moment = read_moment(cell, plan.order)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if moment is None:
            continue
        instant = moment.instant(plan.zone)
        if instant > plan.at + _SKEW:
            raise ValueError(f"{name} {cell} is in the future")
        if instant < _EARLIEST:
            raise ValueError(f"{name} {cell} is too long ago for an email list")
        return instant
    raise ValueError("no consent_at: when did they agree?")
