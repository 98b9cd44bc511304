"""Find what an event names of ours: an event that does is never put aside as somebody else's."""

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.models import Donation, Subscription

_DONATION = re.compile(r"don_[0-9a-f]{20}")
_SUBSCRIPTION = re.compile(r"sub_\w+")
_SESSION = re.compile(r"cs_(?:test|live)_\w+")


def find_named_gift(session: Session, found: Any) -> str | None:
    """Return the first id in Stripe's object that is one of a gift of ours; None if there is none.

    A donation's public id counts even if no such donation is here: it may have begun after the backup that was
    restored. Payments and invoices are not looked for: whoever knows those of a gift has booked them.
    """
    words = set(_strings(found))
    donations = sorted(word for word in words if _DONATION.fullmatch(word))
    if donations:
        return donations[0]
    known = select(Subscription.stripe_id).where(
        Subscription.stripe_id.in_([word for word in words if _SUBSCRIPTION.fullmatch(word)])
    )
    begun = select(Donation.session_id).where(
        Donation.session_id.in_([word for word in words if _SESSION.fullmatch(word)])
    )
    return session.scalar(known.limit(1)) or session.scalar(begun.limit(1))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _strings(member)
    elif isinstance(value, list):
        for member in value:
            yield from _strings(member)
