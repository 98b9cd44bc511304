"""Find and redact a person in stored Stripe events, which contain what donors typed at Stripe.

No index supports this search, so the table is read in batches; the caller gives each batch its own transaction.
"""

import json
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import false, func, literal, or_, select, true, update
from sqlalchemy.orm import Session

from campaign.core.engine_keys import address_digests
from campaign.models import InboxEvent

BATCH_SIZE = 2000
"""Events to search in one transaction."""

_PERSONAL = frozenset(
    {
        "address",
        "billing_details",
        "cashtag",
        "customer_address",
        "customer_details",
        "customer_email",
        "customer_name",
        "customer_phone",
        "customer_shipping",
        "custom_fields",
        "collected_information",
        "description",
        "email",
        "evidence",
        "name",
        "note",
        "payer_email",
        "payment_method_details",
        "phone",
        "receipt_email",
        "receipt_url",
        "shipping",
        "shipping_details",
    }
)
"""Fields of Stripe objects that hold personal data; no event handler reads any of them."""


_NAMES = re.compile(r"don_[0-9a-f]{20}|[\w.!#$%'*+^`{|}~-]+@[\w.-]+\w")
"""Public ids of gifts, and email addresses."""


@dataclass(frozen=True)
class EventBatch:
    """The events of one batch that mention the person, and where the next batch starts; None after the last."""

    ids: Sequence[str]
    next_after: str | None


def find_events(session: Session, words: Sequence[str], after: str) -> EventBatch:
    """Search the next BATCH_SIZE events after `after` for one of `words`, whole and ignoring case.

    `ana@example.org` is not in an event about `joana@example.org`. Without words, nothing matches.
    """
    window = (
        select(InboxEvent.id, InboxEvent.body)
        .where(InboxEvent.id > after)
        .order_by(InboxEvent.id)
        .limit(BATCH_SIZE)
        .subquery()
    )
    last = session.scalar(select(func.max(window.c.id)))
    if last is None:
        return EventBatch([], None)
    body = func.lower(func.convert_from(window.c.body, literal("UTF8")))
    # Starts with false(): an empty OR would match every event, and each would be redacted.
    words = [word.lower() for word in words if word]
    forms = set().union(*map(_written_forms, words))
    mentions = or_(false(), *(func.strpos(body, form) > 0 for form in sorted(forms)))
    rows = session.execute(select(window.c.id, window.c.body).where(mentions)).all()
    whole = re.compile("|".join(map(whole_word, words)) or r"(?!)")
    return EventBatch([row.id for row in rows if mentioned(row.body.decode(), whole)], last)


def find_events_of_erased(
    session: Session,
    digests: Set[str],
    public_ids: Sequence[str],
    after: str,
    since: datetime | None = None,
) -> EventBatch:
    """Search the next BATCH_SIZE events after `after` for gifts and addresses on the list of erased people.

    `since`: only events that were received from then on.

    The list has only digests of the addresses, so every address of every event is compared.
    """
    rows = session.execute(
        select(InboxEvent.id, InboxEvent.body)
        .where(InboxEvent.id > after, true() if since is None else InboxEvent.received_at >= since)
        .order_by(InboxEvent.id)
        .limit(BATCH_SIZE)
    ).all()
    if not rows:
        return EventBatch([], None)
    ids, known = set(public_ids), set[str]()
    for row in rows:
        found = set(_NAMES.findall(row.body.decode().lower()))
        if found & ids or any(
            not digests.isdisjoint(address_digests(session, one)) for one in found if "@" in one
        ):
            known.add(row.id)
    return EventBatch(sorted(known), rows[-1].id)


def _written_forms(word: str) -> set[str]:
    """Return how a body may contain the word: as it is, with JSON's escapes, or within a URL."""
    escaped = {json.dumps(one)[1:-1].lower() for one in (word, word.upper())}
    return {word, quote(word).lower()} | escaped


def whole_word(word: str) -> str:
    """Return a pattern of the word between characters that could not be more of it.

    RFC 5322, 3.2.3 has those of an address; `=`, `&`, `?` and `/` are left out, because they separate it in a URL.
    """
    return rf"(?<![\w.!#$%'*+^`{{|}}~-]){re.escape(word)}(?![\w-]|[.@]\w)"


def mentioned(text: str, whole: re.Pattern[str]) -> bool:
    """Return whether the JSON `text` has a string in which `whole` is found, also where it is escaped as in a URL."""
    try:
        strings = " ".join(_strings(json.loads(text))).lower()
    except ValueError:
        strings = text.lower()
    return bool(whole.search(strings) or whole.search(unquote(strings)))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def redact_events(session: Session, ids: Sequence[str]) -> None:
    """Redact the person in these events. Payment data stays, so that the events can be applied again."""
    for event in session.scalars(select(InboxEvent).where(InboxEvent.id.in_(ids))):
        body = json.loads(event.body)
        data = _redacted(body.get("data"))
        if data == body.get("data"):
            continue
        body["data"] = data
        session.execute(
            update(InboxEvent)
            .where(InboxEvent.id == event.id)
            .values(body=json.dumps(body, separators=(",", ":")).encode())
            .execution_options(synchronize_session=False)
        )


def _redacted(value: Any) -> Any:
    if isinstance(value, list):
        return [_redacted(one) for one in value]
    if isinstance(value, dict):
        return {name: None if name in _PERSONAL else _redacted(one) for name, one in value.items()}
    return value
