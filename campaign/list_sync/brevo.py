"""Brevo: a list of contacts. Tags are the attributes DONOR and CAMPAIGNS, which are created if they are missing.

https://developers.brevo.com/reference/create-contact
https://developers.brevo.com/reference/get-contacts
https://developers.brevo.com/reference/update-batch-contacts
https://developers.brevo.com/reference/remove-contact-from-list
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from campaign.core.list_settings import ListService
from campaign.core.outgoing.connection import OutgoingRules
from campaign.list_sync.api_client import ApiClient, ListServiceFailed, moment_in
from campaign.list_sync.people import (
    AddOutcome,
    Departure,
    RemoteMember,
    SubscriberProfile,
    TagChange,
    campaigns_in,
    is_donor,
)
from campaign.models import ListServiceName, SuppressionReason

PAGE = 1000
MOST_REMOVED = 150
_ATTRIBUTES = {"DONOR": "boolean", "CAMPAIGNS": "text"}


class BrevoClient:
    """The list in the settings."""

    name = ListServiceName.brevo
    batch = 100

    def __init__(self, service: ListService, rules: OutgoingRules) -> None:
        self._api = ApiClient(service.url, {"api-key": service.key}, rules)
        self._list = int(service.list_id)
        self._prepared = False

    def close(self) -> None:
        self._api.close()

    def departures(self, since: datetime | None) -> Iterator[Departure]:
        offset = 0
        after = since.astimezone(UTC).isoformat(timespec="milliseconds") if since else None
        while True:
            body = self._api.get(
                "/contacts", limit=PAGE, offset=offset, sort="asc", modifiedSince=after
            ).body
            rows = body.get("contacts") or []
            for row in rows:
                yield from self._departure(row)
            offset += len(rows)
            if len(rows) < PAGE:
                return

    def _departure(self, row: dict[str, Any]) -> Iterator[Departure]:
        email, at = str(row.get("email") or ""), moment_in(row.get("modifiedAt"))
        if not email:
            return  # a contact with a telephone number only
        if row.get("emailBlacklisted"):
            yield Departure(email, self._reason(email), at)
        elif self._list in (row.get("listUnsubscribed") or []):
            yield Departure(email, SuppressionReason.unsubscribed, at)

    def _reason(self, email: str) -> SuppressionReason:
        """Return why the contact is on Brevo's blocklist."""
        path = f"/contacts/{quote(email, safe='')}/campaignStats"
        answer = self._api.expect("GET", path, None, HTTPStatus.NOT_FOUND)
        found = answer.body if answer.good else {}
        if found.get("complaints"):
            return SuppressionReason.complained
        if found.get("hardBounces"):
            return SuppressionReason.bounced
        return SuppressionReason.unsubscribed

    def add(self, people: Sequence[SubscriberProfile]) -> AddOutcome:
        self._prepare()
        outcome = AddOutcome()
        for one in people:
            # The blocklist is not touched: who left there is not subscribed again.
            body = {
                "email": one.email,
                "attributes": _names(one) | _attributes(one.tags),
                "listIds": [self._list],
                "updateEnabled": True,
            }
            answer = self._api.send("POST", "/contacts", body)
            if answer.good:
                outcome.accepted[one.key] = str((answer.body or {}).get("id") or "")
            elif answer.status == HTTPStatus.BAD_REQUEST:
                outcome.refused[one.key] = answer.words
            else:
                raise ListServiceFailed(f"Brevo did not take a contact: {answer.words}")
        return outcome

    def _prepare(self) -> None:
        """Create the attributes that are missing: Brevo ignores the values of unknown ones."""
        if self._prepared:
            return
        body = self._api.get("/contacts/attributes").body
        present = {row.get("name") for row in body.get("attributes") or []}
        for name, kind in _ATTRIBUTES.items():
            if name not in present:
                self._api.expect("POST", f"/contacts/attributes/normal/{name}", {"type": kind})
        self._prepared = True

    def change_tags(self, changes: Sequence[TagChange]) -> None:
        self._prepare()
        rows = [{"email": one.email, "attributes": _attributes(one.after)} for one in changes]
        self._api.expect("POST", "/contacts/batch", {"contacts": rows})

    def remove(self, members: Sequence[RemoteMember]) -> None:
        path = f"/contacts/lists/{self._list}/contacts/remove"
        for start in range(0, len(members), MOST_REMOVED):
            emails = [one.email for one in members[start : start + MOST_REMOVED]]
            # 400: none of them is on the list any more.
            self._api.expect(
                "POST", path, {"emails": emails}, HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST
            )

    def erase(self, members: Sequence[RemoteMember]) -> None:
        for one in members:
            path = f"/contacts/{quote(one.email, safe='')}"
            self._api.expect("DELETE", path, None, HTTPStatus.NOT_FOUND)


def _names(person: SubscriberProfile) -> dict[str, str]:
    first, _, rest = person.name.partition(" ")
    return {"FIRSTNAME": first, "LASTNAME": rest} if person.name else {}


def _attributes(tags: Sequence[str]) -> dict[str, Any]:
    return {"DONOR": is_donor(tags), "CAMPAIGNS": ", ".join(campaigns_in(tags))}
