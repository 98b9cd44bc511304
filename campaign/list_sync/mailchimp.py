"""Mailchimp: an audience. Tags are its static segments, so that a batch changes only ours.

https://mailchimp.com/developer/marketing/api/lists/batch-subscribe-or-unsubscribe/
https://mailchimp.com/developer/marketing/api/list-members/list-members-info/
https://mailchimp.com/developer/marketing/api/list-segments/batch-add-or-remove-members/
https://mailchimp.com/developer/marketing/api/abuse-reports/list-abuse-reports/
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from campaign.core.list_settings import ListService
from campaign.core.outgoing.connection import OutgoingRules
from campaign.list_sync.api_client import ApiAnswer, ApiClient, basic, moment_in
from campaign.list_sync.people import (
    AddOutcome,
    Departure,
    RemoteMember,
    SubscriberProfile,
    TagChange,
)
from campaign.models import ListServiceName, SuppressionReason

PAGE = 1000
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,60}")
_EXISTS = "ERROR_CONTACT_EXISTS"
_LEFT = {"cleaned": SuppressionReason.bounced, "unsubscribed": SuppressionReason.unsubscribed}
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
"""The member is not there, or archived already."""


class MailchimpClient:
    """The audience in the settings."""

    name = ListServiceName.mailchimp
    batch = 500

    def __init__(self, service: ListService, rules: OutgoingRules) -> None:
        self._api = ApiClient(service.url, basic("campaign", service.key), rules)
        self._list = f"/lists/{service.list_id}"
        self._segments: dict[str, int] | None = None

    def close(self) -> None:
        self._api.close()

    def departures(self, since: datetime | None) -> Iterator[Departure]:
        for row in self._pages(f"{self._list}/abuse-reports", "abuse_reports"):
            at = moment_in(row.get("date"))
            yield Departure(str(row["email_address"]), SuppressionReason.complained, at)
        after = since.isoformat() if since else None
        for status, reason in _LEFT.items():
            query = {"status": status, "since_last_changed": after}
            for row in self._pages(f"{self._list}/members", "members", **query):
                at = moment_in(row.get("last_changed"))
                yield Departure(str(row["email_address"]), reason, at)

    def _pages(self, path: str, name: str, **query: object) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            body = self._api.get(path, count=PAGE, offset=offset, **query).body
            rows = body.get(name) or []
            yield from rows
            offset += len(rows)
            if len(rows) < PAGE or offset >= int(body.get("total_items") or 0):
                return

    def add(self, people: Sequence[SubscriberProfile]) -> AddOutcome:
        # Without `update_existing` nobody's status changes: who left there is not subscribed again.
        answer = self._api.expect(
            "POST",
            f"{self._list}?skip_merge_validation=true",
            {"members": [_member(one) for one in people], "update_existing": False},
        )
        present, refused = _sorted_errors(answer.body.get("errors") or [])
        changes = [TagChange(one.email, "", (), one.tags) for one in people if one.key in present]
        self.change_tags(changes)
        accepted = {one.key: "" for one in people if one.key not in refused}
        return AddOutcome(accepted, refused)

    def change_tags(self, changes: Sequence[TagChange]) -> None:
        added, removed = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
        for one in changes:
            for tag in set(one.after) - set(one.before):
                added[tag].append(one.email)
            for tag in set(one.before) - set(one.after):
                removed[tag].append(one.email)
        for tag in sorted({*added, *removed}):
            body = {"members_to_add": added[tag], "members_to_remove": removed[tag]}
            self._api.expect("POST", f"{self._list}/segments/{self._segment(tag)}", body)

    def _segment(self, tag: str) -> int:
        if self._segments is None:
            rows = self._pages(f"{self._list}/segments", "segments", type="static")
            self._segments = {str(row["name"]): int(row["id"]) for row in rows}
        if tag not in self._segments:
            body = {"name": tag, "static_segment": []}
            made: ApiAnswer = self._api.expect("POST", f"{self._list}/segments", body)
            self._segments[tag] = int(made.body["id"])
        return self._segments[tag]

    def remove(self, members: Sequence[RemoteMember]) -> None:
        for one in members:  # archived: kept there, and never emailed
            self._api.expect("DELETE", self._path(one), None, *_GONE)

    def erase(self, members: Sequence[RemoteMember]) -> None:
        for one in members:
            self._api.expect("POST", f"{self._path(one)}/actions/delete-permanent", None, *_GONE)

    def _path(self, member: RemoteMember) -> str:
        # Mailchimp's own name for a member; no secret.
        name = hashlib.md5(member.email.lower().encode(), usedforsecurity=False).hexdigest()
        return f"{self._list}/members/{name}"


def _sorted_errors(errors: Sequence[dict[str, Any]]) -> tuple[set[str], dict[str, str]]:
    """Return the addresses that are there already, and the refused ones with Mailchimp's code of the reason."""
    present, refused = set(), {}
    for row in errors:
        key = str(row["email_address"]).lower()
        if row.get("error_code") == _EXISTS:
            present.add(key)
        else:
            # Its sentence repeats the address, its code does not.
            code = str(row.get("error_code"))
            refused[key] = code if _CODE.fullmatch(code) else "refused"
    return present, refused


def _member(person: SubscriberProfile) -> dict[str, Any]:
    first, _, rest = person.name.partition(" ")
    return {
        "email_address": person.email,
        "status": "subscribed",
        "language": person.locale,
        "merge_fields": {"FNAME": first, "LNAME": rest},
        "tags": list(person.tags),
    }
