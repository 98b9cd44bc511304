"""Stand-ins for the APIs of Mailchimp, Brevo and listmonk, as far as the sync uses them, over real HTTP.

Each follows the pages that its class names, and refuses what they do not show. `limits` are answers (status, headers)
to give before anything else, such as 429 with Retry-After; a status of 0 closes the connection unanswered.
`lose_next` carries out the next request of that kind and closes the connection before the answer, as a network does.
"""

import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

Reply = tuple[int, Any]
NOT_FOUND: Reply = (404, {"message": "not found", "detail": "not found"})
NOW = "2026-12-20T10:00:00+00:00"


@dataclass(frozen=True)
class Asked:
    """One request: query values are lists, the body is JSON."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any

    def value(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]


class ListServiceServer:
    """A server whose routes are the methods that a class lists in `routes`: (method, path pattern, name)."""

    routes: tuple[tuple[str, str, str], ...] = ()

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.unexpected: list[str] = []
        self.limits: list[tuple[int, dict[str, str]]] = []
        self.lose_next = ""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.service = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        assert self.unexpected == []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def writes(self) -> list[str]:
        """The requests that change something, in order."""
        return [f"{one.method} {one.path}" for one in self.asked if one.method != "GET"]

    def respond(self, asked: Asked) -> tuple[int, dict[str, str], Any]:
        self.asked.append(asked)
        if self.limits:
            status, headers = self.limits.pop(0)
            return status, headers, {"message": "limited", "detail": "limited"}
        if not self.authorized(asked):
            return 401, {}, {"message": "unauthorized", "detail": "unauthorized"}
        for method, pattern, name in self.routes:
            found = re.fullmatch(pattern, asked.path)
            if found and method == asked.method:
                answer: Callable[..., Reply] = getattr(self, name)
                status, body = answer(asked, *map(unquote, found.groups()))
                if self.lose_next == name:
                    self.lose_next, status = "", 0
                return status, {}, body
        self.unexpected.append(f"{asked.method} {asked.path}")
        return 404, {}, NOT_FOUND[1]

    def authorized(self, asked: Asked) -> bool:
        raise NotImplementedError


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    service: ListServiceServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(raw) if raw else None
        asked = Asked(self.command, parts.path, parse_qs(parts.query), headers, body)
        status, more, reply = self.server.service.respond(asked)
        if not status:
            self.close_connection = True
            return
        answer = b"" if reply is None else json.dumps(reply).encode()
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names of the base class

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""


def _page(rows: list[Any], asked: Asked, count: str, offset: int | None = None) -> list[Any]:
    start = int(asked.value("offset", "0")) if offset is None else offset
    return rows[start : start + int(asked.value(count, "10"))]


@dataclass
class MailchimpServer(ListServiceServer):
    """https://mailchimp.com/developer/marketing/api/: lists, list-members, list-segments, abuse-reports."""

    KEY = f"{'a1' * 16}-us21"
    LIST = "0a1b2c3d4e"
    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    segments: dict[int, dict[str, Any]] = field(default_factory=dict)
    complaints: list[dict[str, Any]] = field(default_factory=list)
    invalid: set[str] = field(default_factory=set)
    erased: list[str] = field(default_factory=list)

    routes = (
        ("POST", f"/lists/{LIST}", "subscribe"),
        ("GET", f"/lists/{LIST}/members", "list_members"),
        ("DELETE", rf"/lists/{LIST}/members/(\w{{32}})", "archive"),
        ("POST", rf"/lists/{LIST}/members/(\w{{32}})/actions/delete-permanent", "delete"),
        ("GET", f"/lists/{LIST}/abuse-reports", "abuse_reports"),
        ("GET", f"/lists/{LIST}/segments", "list_segments"),
        ("POST", f"/lists/{LIST}/segments", "create_segment"),
        ("POST", rf"/lists/{LIST}/segments/(\d+)", "change_segment"),
    )

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def environ(self) -> dict[str, str]:
        return {
            "MAILCHIMP_API_KEY": self.KEY,
            "MAILCHIMP_AUDIENCE": self.LIST,
            "MAILCHIMP_API_BASE": self.url,
        }

    def authorized(self, asked: Asked) -> bool:
        return asked.headers.get("authorization", "").startswith("Basic ")

    def put(self, email: str, status: str, changed: str = NOW) -> None:
        """Have a member there already."""
        row = {"email_address": email, "status": status, "last_changed": changed, "tags": set()}
        self.members[email.lower()] = row

    def tags(self, email: str) -> set[str]:
        return {one["name"] for one in self.segments.values() if email.lower() in one["members"]}

    def status(self, email: str) -> str:
        return str(self.members[email.lower()]["status"])

    def _found(self, name: str) -> str | None:
        named = {hashlib.md5(email.encode()).hexdigest(): email for email in self.members}
        return named.get(name)

    def subscribe(self, asked: Asked) -> Reply:
        if len(asked.body["members"]) > 500:
            return 400, {"detail": "You may only include up to 500 members."}
        errors: list[dict[str, str]] = []
        new = []
        for given in asked.body["members"]:
            email = given["email_address"]
            assert given["status"] in {"subscribed", "unsubscribed", "cleaned", "pending"}
            known = self.members.get(email.lower())
            if email in self.invalid:
                row = {"error": "looks fake or invalid", "error_code": "ERROR_GENERIC"}
                errors.append({"email_address": email, **row})
            elif known and known["status"] != "archived" and not asked.body["update_existing"]:
                row = {"error": "is already a list member", "error_code": "ERROR_CONTACT_EXISTS"}
                errors.append({"email_address": email, **row})
            else:
                self.put(email, given["status"])
                self.members[email.lower()].update(
                    merge_fields=given["merge_fields"], language=given["language"]
                )
                for tag in given["tags"]:
                    self._segment(tag)["members"].add(email.lower())
                new.append({"email_address": email})
        return 200, {"new_members": new, "updated_members": [], "errors": errors}

    def list_members(self, asked: Asked) -> Reply:
        since = asked.value("since_last_changed")
        rows = [
            row
            for row in self.members.values()
            if row["status"] == asked.value("status") and row["last_changed"] >= since
        ]
        shown = [{**row, "tags": sorted(row["tags"])} for row in _page(rows, asked, "count")]
        return 200, {"members": shown, "total_items": len(rows)}

    def archive(self, _asked: Asked, name: str) -> Reply:
        email = self._found(name)
        if email is None:
            return NOT_FOUND
        if self.members[email]["status"] == "archived":
            return 405, {"detail": "This list member cannot be removed."}
        self.members[email]["status"] = "archived"
        return 204, None

    def delete(self, _asked: Asked, name: str) -> Reply:
        email = self._found(name)
        if email is None:
            return NOT_FOUND
        del self.members[email]
        for one in self.segments.values():
            one["members"].discard(email)
        self.erased.append(email)
        return 204, None

    def abuse_reports(self, asked: Asked) -> Reply:
        rows = _page(self.complaints, asked, "count")
        return 200, {"abuse_reports": rows, "total_items": len(self.complaints)}

    def _segment(self, name: str) -> dict[str, Any]:
        for one in self.segments.values():
            if one["name"] == name:
                return one
        number = len(self.segments) + 1
        made: dict[str, Any] = {"id": number, "name": name, "members": set()}
        self.segments[number] = made
        return made

    def list_segments(self, asked: Asked) -> Reply:
        rows = [{"id": one["id"], "name": one["name"]} for one in self.segments.values()]
        return 200, {"segments": _page(rows, asked, "count"), "total_items": len(rows)}

    def create_segment(self, asked: Asked) -> Reply:
        if any(one["name"] == asked.body["name"] for one in self.segments.values()):
            return 400, {"detail": "Tag already exists."}
        made = self._segment(asked.body["name"])
        return 200, {"id": made["id"], "name": made["name"]}

    def change_segment(self, asked: Asked, number: str) -> Reply:
        found = self.segments[int(number)]["members"]
        # Addresses that are not in the audience are ignored.
        found |= {one.lower() for one in asked.body["members_to_add"]} & set(self.members)
        found -= {one.lower() for one in asked.body["members_to_remove"]}
        return 200, {}


@dataclass
class BrevoServer(ListServiceServer):
    """https://developers.brevo.com/reference/: contacts, attributes, lists."""

    KEY = "xkeysib-for-tests"
    LIST = 3
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=lambda: {"FIRSTNAME": "text"})
    stats: dict[str, dict[str, Any]] = field(default_factory=dict)
    invalid: set[str] = field(default_factory=set)

    routes = (
        ("GET", "/contacts", "list_contacts"),
        ("POST", "/contacts", "create"),
        ("POST", "/contacts/batch", "update_batch"),
        ("GET", "/contacts/attributes", "list_attributes"),
        ("POST", r"/contacts/attributes/normal/(\w+)", "create_attribute"),
        ("GET", r"/contacts/([^/]+)/campaignStats", "campaign_stats"),
        ("POST", rf"/contacts/lists/{LIST}/contacts/remove", "remove"),
        ("DELETE", r"/contacts/([^/]+)", "delete"),
    )

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def environ(self) -> dict[str, str]:
        return {"BREVO_API_KEY": self.KEY, "BREVO_LIST": "3", "BREVO_API_BASE": self.url}

    def authorized(self, asked: Asked) -> bool:
        return asked.headers.get("api-key") == self.KEY

    def put(self, email: str, **changes: Any) -> None:
        """Have a contact there already."""
        row = {"email": email, "id": len(self.contacts) + 1, "emailBlacklisted": False}
        more = {"listIds": [], "listUnsubscribed": None, "modifiedAt": NOW, "attributes": {}}
        self.contacts[email.lower()] = {**row, **more, **changes}

    def list_contacts(self, asked: Asked) -> Reply:
        if int(asked.value("limit", "50")) > 1000:
            return 400, {"code": "out_of_range", "message": "Limit exceeds max value"}
        since = asked.value("modifiedSince").replace("+00:00", "")
        rows = [one for one in self.contacts.values() if one["modifiedAt"] >= since]
        return 200, {"contacts": _page(rows, asked, "limit"), "count": len(rows)}

    def create(self, asked: Asked) -> Reply:
        email = asked.body["email"]
        if email in self.invalid:
            return 400, {"code": "invalid_parameter", "message": "Invalid email address"}
        known = self.contacts.get(email.lower())
        if known and not asked.body.get("updateEnabled"):
            return 400, {"code": "duplicate_parameter", "message": "Contact already exist"}
        if not known:
            self.put(email)
        found = self.contacts[email.lower()]
        found["listIds"] = sorted({*found["listIds"], *asked.body["listIds"]})
        found["emailBlacklisted"] = asked.body.get("emailBlacklisted", found["emailBlacklisted"])
        self._set(found, asked.body["attributes"])
        return (204, None) if known else (201, {"id": found["id"]})

    def _set(self, found: dict[str, Any], given: dict[str, Any]) -> None:
        # Unknown attributes are ignored.
        known = {name: value for name, value in given.items() if name in self.attributes}
        found["attributes"].update(known)

    def update_batch(self, asked: Asked) -> Reply:
        if len(asked.body["contacts"]) > 100:
            return 400, {"code": "invalid_parameter", "message": "too many"}
        for given in asked.body["contacts"]:
            if given["email"].lower() in self.contacts:
                self._set(self.contacts[given["email"].lower()], given["attributes"])
        return 204, None

    def list_attributes(self, _asked: Asked) -> Reply:
        rows = [{"name": name, "category": "normal"} for name in self.attributes]
        return 200, {"attributes": rows}

    def create_attribute(self, asked: Asked, name: str) -> Reply:
        self.attributes[name] = asked.body["type"]
        return 201, None

    def campaign_stats(self, _asked: Asked, email: str) -> Reply:
        return (200, self.stats[email]) if email in self.stats else (200, {})

    def remove(self, asked: Asked) -> Reply:
        emails = asked.body["emails"]
        if len(emails) > 150:
            return 400, {"code": "invalid_parameter", "message": "too many"}
        rows = {one: self.contacts[one]["listIds"] for one in emails if one in self.contacts}
        on_list = [one for one, lists in rows.items() if self.LIST in lists]
        if not on_list:
            return 400, {"code": "invalid_parameter", "message": "Contact already removed"}
        for one in on_list:
            self.contacts[one]["listIds"].remove(self.LIST)
        return 201, {"contacts": {"success": on_list, "failure": []}}

    def delete(self, _asked: Asked, email: str) -> Reply:
        return (204, None) if self.contacts.pop(email.lower(), None) else NOT_FOUND


@dataclass
class ListmonkServer(ListServiceServer):
    """https://listmonk.app/docs/apis/subscribers/"""

    LIST = 1
    subscribers: dict[int, dict[str, Any]] = field(default_factory=dict)
    bounces: dict[int, list[str]] = field(default_factory=dict)
    invalid: set[str] = field(default_factory=set)

    routes = (
        ("GET", "/api/subscribers", "search"),
        ("POST", "/api/subscribers", "create"),
        ("PUT", "/api/subscribers/lists", "change_lists"),
        ("PATCH", r"/api/subscribers/(\d+)", "patch"),
        ("DELETE", r"/api/subscribers/(\d+)", "delete"),
        ("GET", r"/api/subscribers/(\d+)/bounces", "list_bounces"),
    )

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def environ(self) -> dict[str, str]:
        return {
            "LISTMONK_URL": self.url,
            "LISTMONK_USER": "campaign",
            "LISTMONK_TOKEN": "for tests",
            "LISTMONK_LIST": "1",
        }

    def authorized(self, asked: Asked) -> bool:
        return asked.headers.get("authorization", "").startswith("Basic ")

    def put(
        self, email: str, lists: dict[int, str], status: str = "enabled", **changes: Any
    ) -> int:
        """Have a subscriber there already; `lists` maps lists to the status of the subscription."""
        number = len(self.subscribers) + 1
        row = {"id": number, "email": email, "name": email, "attribs": {}, "status": status}
        self.subscribers[number] = {**row, "lists": dict(lists), **changes}
        return number

    def find(self, email: str) -> dict[str, Any] | None:
        rows = [one for one in self.subscribers.values() if one["email"].lower() == email.lower()]
        return rows[0] if rows else None

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        lists = [{"id": one, "subscription_status": status} for one, status in row["lists"].items()]
        return {**row, "lists": lists}

    def search(self, asked: Asked) -> Reply:
        rows = list(self.subscribers.values())
        if query := asked.value("query"):
            [email] = re.fullmatch(r"LOWER\(subscribers\.email\) = '(.*)'", query).groups()
            rows = [one for one in rows if one["email"].lower() == email.replace("''", "'")]
        if number := asked.value("list_id"):
            status = asked.value("subscription_status")
            rows = [one for one in rows if one["lists"].get(int(number)) == status]
        start = (int(asked.value("page", "1")) - 1) * int(asked.value("per_page", "20"))
        shown = [self._shown(one) for one in _page(rows, asked, "per_page", start)]
        return 200, {"data": {"results": shown, "total": len(rows)}}

    def create(self, asked: Asked) -> Reply:
        given = asked.body
        if given["email"] in self.invalid or not given["name"]:
            return 400, {"message": "Invalid email or name."}
        if self.find(given["email"]):
            return 409, {"message": "E-mail already exists."}
        status = "confirmed" if given["preconfirm_subscriptions"] else "unconfirmed"
        lists = dict.fromkeys(given["lists"], status)
        number = self.put(
            given["email"], lists, given["status"], name=given["name"], attribs=given["attribs"]
        )
        return 200, {"data": self._shown(self.subscribers[number])}

    def change_lists(self, asked: Asked) -> Reply:
        for number in asked.body["ids"]:
            lists = self.subscribers.get(number, {"lists": {}})["lists"]
            for one in asked.body["target_list_ids"]:
                if asked.body["action"] == "add":
                    lists[one] = asked.body["status"]
                elif asked.body["action"] == "remove":
                    lists.pop(one, None)
                else:
                    lists[one] = "unsubscribed"
        return 200, {"data": True}

    def patch(self, asked: Asked, number: str) -> Reply:
        found = self.subscribers.get(int(number))
        if found is None:
            return 400, {"message": "Subscriber not found."}
        found["attribs"] = {**found["attribs"], **asked.body["attribs"]}
        return 200, {"data": self._shown(found)}

    def delete(self, _asked: Asked, number: str) -> Reply:
        self.subscribers.pop(int(number), None)
        return 200, {"data": True}

    def list_bounces(self, _asked: Asked, number: str) -> Reply:
        return 200, {"data": [{"type": one} for one in self.bounces.get(int(number), [])]}
