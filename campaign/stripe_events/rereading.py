"""Read an event's object again at Stripe, in our API version.

An endpoint or an account may be set to another version, which has the fields that we read in other places or not at
all. Such an event still says what happened to which object; the object itself is asked for. So is the object of an
event that was held, because it may have become readable, and may have changed.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from campaign.core.errors import EventHeld, GatewayForbidden, GatewayRefused
from campaign.gateway import Event, is_our_version
from campaign.models import InboxEvent, InboxState
from campaign.stripe_events.registry import object_kind

if TYPE_CHECKING:
    from campaign.gateway.objects import ObjectsClient

READ_AGAIN = "read again at Stripe"
"""In the note of an event whose object was read again."""


def must_read_again(row: InboxEvent, event: Event) -> bool:
    """Return whether the object in `event` must not be applied as it is. Types without a handler are never applied."""
    if object_kind(event.type) is None:
        return False
    return row.state == InboxState.held.value or not is_our_version(event.api_version)


def read_again(objects: "ObjectsClient", event: Event) -> Event:
    """Return the event with its object as it is at Stripe now.

    Raises EventHeld if Stripe does not let us read it or does not have it, and GatewayUnavailable.
    """
    kind, object_id = object_kind(event.type), event.object.get("id")
    if kind is None or not isinstance(object_id, str) or not object_id:
        raise EventHeld(f"{_wording(event)}, and its object has no ID to read it again by.")
    try:
        found = objects.retrieve(kind, object_id)
    except (GatewayForbidden, GatewayRefused) as error:
        raise EventHeld(
            f"{_wording(event)}, and its {kind} {object_id} cannot be read again: {error}"
        ) from error
    return replace(event, object=found.object, read_at=found.read_at)


def reading_note(event: Event, note: str) -> str:
    """Return the note of an outcome; says if the object was read again."""
    if event.read_at is None:
        return note
    return f"{note}; {READ_AGAIN}, the event is in API version {event.api_version or 'unknown'}"


def _wording(event: Event) -> str:
    if is_our_version(event.api_version):
        return "The event could not be applied before"
    return f"The event is worded in API version {event.api_version or 'unknown'}"
