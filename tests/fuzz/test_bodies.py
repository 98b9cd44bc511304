"""Bodies that nobody should send: webhooks, files and forms are refused clearly, or read as far as possible."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign.core.errors import CampaignError
from campaign.models import Campaign
from campaign.moving.tables import open_table
from tests.fuzz.hostile import VALUES, fault_of
from tests.support.stripe import signature

ONE_APP = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.sampled_from(VALUES).filter(lambda one: one != "\ud800"),
    st.text(max_size=30),
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
_TYPES = (
    *("checkout.session.completed", "payment_intent.succeeded", "charge.failed", "charge.refunded"),
    *(
        "charge.dispute.created",
        "invoice.paid",
        "customer.subscription.updated",
        "payout.paid",
        "x",
    ),
)


@st.composite
def events(draw: st.DrawFn) -> bytes:
    """A Stripe event whose members are of any kind."""
    found = {
        "id": draw(st.sampled_from(["evt_1", "evt_2", "evt_3"]) | _SCALARS),
        "object": "event",
        "type": draw(st.sampled_from(_TYPES) | _SCALARS),
        "created": draw(st.just(1_790_000_000) | _SCALARS),
        "livemode": draw(st.just(False) | _SCALARS),
        "api_version": draw(st.sampled_from(["2026-06-24.dahlia", "2019-12-03", "x"]) | _SCALARS),
        "data": draw(st.fixed_dictionaries({"object": _JSON}) | _JSON),
    }
    return json.dumps(found).encode()


RAW = (
    b"",
    b"\xff\xfe",
    b"[" * 30_000,
    b'{"a":' * 30_000,
    b"9" * 30_000,
    b'{"id": NaN, "id": 1e999, "id": -0}',
    b'{"id": "\\ud800"}',
    b"null",
    b"\x00",
    b'{"data": {"object": {"id": "' + b"x" * 200_000 + b'"}}}',
)


def stripe(client: FlaskClient, body: bytes) -> Any:
    headers = {"Stripe-Signature": signature(body), "Content-Type": "application/json"}
    return client.post("/stripe/webhook", data=body, headers=headers)


@ONE_APP
@given(body=events())
def test_a_signed_event_of_any_shape_is_stored_or_refused(client: FlaskClient, body: bytes) -> None:
    answer = stripe(client, body)
    assert fault_of(answer) == "", body
    assert answer.status_code in (200, 400)


@pytest.mark.parametrize("body", RAW, ids=range(len(RAW)))
def test_a_signed_body_that_is_no_event_is_refused(client: FlaskClient, body: bytes) -> None:
    answer = stripe(client, body)
    assert fault_of(answer) == ""
    assert answer.status_code in (200, 400, 413)


def provider_paths(app: Flask) -> list[str]:
    return sorted(
        rule.rule.replace("<provider>", one)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/mail/events") and "POST" in (rule.methods or ())
        for one in ("ses", "postmark", "mailgun", "sendgrid", "sparkpost", "brevo")
    )


@pytest.mark.parametrize("body", RAW, ids=range(len(RAW)))
def test_what_is_sent_to_the_mail_providers_addresses_is_refused(
    app: Flask, client: FlaskClient, body: bytes
) -> None:
    paths = provider_paths(app)
    assert paths
    for path in paths:
        for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
            answer = client.post(path, data=body, content_type=kind)
            assert fault_of(answer) == "", path
            assert answer.status_code < 500, path


def archive() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/workbook.xml", "a" * 3_000_000)
    return held.getvalue()


FILES = {
    "empty": b"",
    "zip": archive(),
    "nul": b"email,name\r\nana@example.org,\x00\r\n",
    "quote": b'email,name\r\n"ana@example.org,' + b"x" * 100_000,
    "long line": b"email,name\r\n" + b"x" * 3_000_000,
    "many columns": b",".join([b"c"] * 50_000) + b"\n",
    "not utf-8": b"email;name\nana@example.org;Jos\xe9\xff\n",
    "utf-16": "email,name\nana@example.org,Zoë\n".encode("utf-16"),
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(256)) * 40,
    "png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40,
    "formula": b'email,name\n=cmd|\'/c calc\'!A0,"=HYPERLINK(""x"")"\n',
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_any_bytes_is_read_or_refused_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(FILES[name])
    assert _outcome(path)


def _outcome(path: Path) -> str:
    """Return how the file is read: its number of rows, or the words of the refusal."""
    try:
        return f"{sum(1 for _ in open_table(path).rows())} rows"
    except CampaignError as error:
        return str(error)


@settings(max_examples=80, deadline=None)
@given(content=st.binary(max_size=400))
def test_any_bytes_are_a_table_or_a_clear_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "list.csv"
    path.write_bytes(content)
    assert _outcome(path)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_every_field_of_the_donation_form_takes_any_text(
    client: FlaskClient, campaign: Campaign, value: str
) -> None:
    text = value.encode("utf-8", "replace").decode()
    names = (
        *("amount", "amount_other", "frequency", "email", "name", "cover_fees", "comment", "code"),
        *(
            "tribute_kind",
            "tribute_name",
            "card",
            "card_name",
            "card_email",
            "card_message",
            "wall",
        ),
        *("wall_place", "attempt", "reviewed", "rendered", "website", "ticket", "proof"),
    )
    good = {"amount": "25", "email": "ana@example.org", "frequency": "one_time", "step": "review"}
    for name in names:
        answer = client.post("/c/nine-days/donate", data=good | {name: text})
        assert fault_of(answer) == "", (name, value)
