"""listmonk: a list of a newsroom's own installation. Tags are the attributes `donor` and `campaigns`.

https://listmonk.app/docs/apis/subscribers/
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from campaign.core.list_settings import ListService
from campaign.core.outgoing.connection import OutgoingRules
from campaign.list_sync.api_client import ApiClient, ListServiceFailed, basic, moment_in
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

PAGE = 500
_LEFT, _BLOCKED = "unsubscribed", "blocklisted"


class ListmonkClient:
    """The list in the settings."""

    name = ListServiceName.listmonk
    batch = 50

    def __init__(self, service: ListService, rules: OutgoingRules) -> None:
        self._api = ApiClient(service.url, basic(service.user, service.key), rules)
        self._list = int(service.list_id)

    def close(self) -> None:
        self._api.close()

    def departures(self, since: datetime | None) -> Iterator[Departure]:
        """Yield all who left: listmonk does not list them by when they did. Blocking someone unsubscribes them too."""
        del since
        page = 1
        while True:
            rows = self._search(
                list_id=self._list, subscription_status=_LEFT, order_by="created_at", order="ASC",
                page=page, per_page=PAGE,
            )  # fmt: skip
            for row in rows:
                yield self._departure(row)
            page += 1
            if len(rows) < PAGE:
                return

    def _search(self, **query: object) -> list[dict[str, Any]]:
        found = self._api.get("/api/subscribers", **query).body["data"]
        return list(found.get("results") or [])

    def _departure(self, row: dict[str, Any]) -> Departure:
        at = moment_in(self._subscription(row).get("subscription_updated_at"))
        reason = SuppressionReason.unsubscribed
        if row.get("status") == _BLOCKED:
            reason = self._why_blocked(int(row["id"]))
        return Departure(str(row["email"]), reason, at)

    def _subscription(self, row: dict[str, Any]) -> dict[str, Any]:
        lists = [one for one in row.get("lists") or [] if one.get("id") == self._list]
        return lists[0] if lists else {}

    def _why_blocked(self, remote_id: int) -> SuppressionReason:
        rows = self._api.get(f"/api/subscribers/{remote_id}/bounces").body["data"] or []
        kinds = {row.get("type") for row in rows}
        if "complaint" in kinds:
            return SuppressionReason.complained
        return SuppressionReason.bounced if "hard" in kinds else SuppressionReason.unsubscribed

    def add(self, people: Sequence[SubscriberProfile]) -> AddOutcome:
        outcome = AddOutcome()
        for one in people:
            body = {
                "email": one.email,
                "name": one.name or one.email.partition("@")[0],
                "status": "enabled",
                "lists": [self._list],
                "attribs": _attributes(one.tags),
                "preconfirm_subscriptions": True,  # the consent is on record here
            }
            answer = self._api.send("POST", "/api/subscribers", body)
            if answer.good:
                outcome.accepted[one.key] = str(answer.body["data"]["id"])
            elif answer.status == HTTPStatus.CONFLICT:
                self._join(one, outcome)
            elif answer.status == HTTPStatus.BAD_REQUEST:
                outcome.refused[one.key] = answer.words
            else:
                raise ListServiceFailed(f"listmonk did not take a subscriber: {answer.words}")
        return outcome

    def _join(self, person: SubscriberProfile, outcome: AddOutcome) -> None:
        """Add an address that listmonk knows to the list, unless the person left it."""
        row = self._find(person.email)
        if row is None:
            outcome.refused[person.key] = "listmonk knows the address, but does not show it"
            return
        status = self._subscription(row).get("subscription_status")
        if row.get("status") == _BLOCKED or status == _LEFT:
            outcome.left.append(self._departure(row))
            return
        if status is None:
            body = self._about([int(row["id"])], "add") | {"status": "confirmed"}
            self._api.expect("PUT", "/api/subscribers/lists", body)
        self._set_attributes(int(row["id"]), person.tags)
        outcome.accepted[person.key] = str(row["id"])

    def _find(self, email: str) -> dict[str, Any] | None:
        quoted = email.lower().replace("'", "''")
        rows = self._search(query=f"LOWER(subscribers.email) = '{quoted}'", page=1, per_page=1)
        return rows[0] if rows else None

    def _about(self, remote_ids: Sequence[int], action: str) -> dict[str, Any]:
        return {"ids": list(remote_ids), "action": action, "target_list_ids": [self._list]}

    def _set_attributes(self, remote_id: int, tags: Sequence[str]) -> None:
        # PATCH leaves out nothing: other attributes and lists stay.
        body = {"attribs": _attributes(tags)}
        self._api.expect("PATCH", f"/api/subscribers/{remote_id}", body)

    def change_tags(self, changes: Sequence[TagChange]) -> None:
        for one in changes:
            for remote_id in self._ids([RemoteMember(one.email, one.remote_id)]):
                self._set_attributes(remote_id, one.after)

    def remove(self, members: Sequence[RemoteMember]) -> None:
        ids = self._ids(members)
        if ids:
            self._api.expect("PUT", "/api/subscribers/lists", self._about(ids, "remove"))

    def erase(self, members: Sequence[RemoteMember]) -> None:
        for remote_id in self._ids(members):
            path = f"/api/subscribers/{remote_id}"
            self._api.expect("DELETE", path, None, HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)

    def _ids(self, members: Sequence[RemoteMember]) -> list[int]:
        """Return listmonk's ids; someone who is not there any more has none."""
        found = []
        for one in members:
            row = None if one.remote_id else self._find(one.email)
            if one.remote_id or row:
                found.append(int(one.remote_id or (row or {})["id"]))
        return found


def _attributes(tags: Sequence[str]) -> dict[str, Any]:
    return {"donor": is_donor(tags), "campaigns": campaigns_in(tags)}
