"""`campaign webhooks add`, `list`, `disable`, `test` and `retry`: endpoints managed on the command line."""

import pytest
from sqlalchemy import select, update

from campaign.core.clock import now
from campaign.models import WebhookDelivery, WebhookEndpoint
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import Run
from tests.support.campaigns import audited

URL = "https://crm.example.org/in"
ALL = (
    "donation.paid,donation.refunded,subscription.ended,"
    "subscriber.consented,subscriber.unsubscribed,subscriber.suppressed"
)


def endpoints(installation: Installation) -> list[WebhookEndpoint]:
    with installation.sessions() as session:
        return list(session.scalars(select(WebhookEndpoint).order_by(WebhookEndpoint.id)))


def test_an_endpoint_gets_all_events_by_default_and_a_url_is_added_once(
    run: Run, installation: Installation
) -> None:
    first = run("webhooks", "add", URL)
    number, secret = first.out.rstrip("\n").split("\t")
    assert secret.startswith("whsec_")
    assert run("webhooks", "list").out == f"{number}\t{URL}\t{ALL}\tactive\n"
    again = run("webhooks", "add", URL, "--event", "subscription.ended", "--event", "donation.paid")
    assert again.out == first.out
    assert run("webhooks", "list").out.split("\t")[2] == "donation.paid,subscription.ended"
    assert [one.action for one in audited(installation)] == [
        "webhook_endpoint.added",
        "webhook_endpoint.changed",
    ]


def test_a_disabled_endpoint_is_listed_last_and_its_url_can_be_added_again(
    run: Run, installation: Installation
) -> None:
    first = run("webhooks", "add", URL).out.split("\t")
    assert run("webhooks", "disable", first[0]).out == f"Disabled endpoint {first[0]}.\n"
    again = run("webhooks", "disable", first[0]).out
    assert again == f"Endpoint {first[0]} was already disabled. Nothing changed.\n"
    second = run("webhooks", "add", URL).out.split("\t")
    assert second[0] != first[0]
    assert second[1] != first[1]
    rows = [line.split("\t") for line in run("webhooks", "list").out.splitlines()]
    assert [(row[0], row[3]) for row in rows] == [(second[0], "active"), (first[0], "disabled")]
    refused = run("webhooks", "test", first[0])
    assert (refused.status, refused.errors) == (
        1,
        [f"Endpoint {first[0]} is disabled. Add its URL again to send events to it."],
    )


def test_a_test_is_queued_and_a_delivery_is_sent_again(
    run: Run, installation: Installation
) -> None:
    number = run("webhooks", "add", URL).out.split("\t")[0]
    shown = run("webhooks", "test", number)
    with installation.sessions.begin() as session:
        made = session.scalars(select(WebhookDelivery)).one()
        assert shown.out == f"Delivery {made.id} ({made.public_id}) is queued.\n"
        assert (made.kind, made.state) == ("endpoint.test", "queued")
        session.execute(update(WebhookDelivery).values(state="delivered", delivered_at=now()))
    for _ in range(2):
        done = run("webhooks", "retry", str(made.id))
        assert (done.status, done.out) == (0, f"Delivery {made.id} is queued again.\n")
    with installation.sessions() as session:
        again = session.scalars(select(WebhookDelivery)).one()
        assert (again.state, again.delivered_at) == ("queued", None)
    # What waits already is not put back: the second time nothing was done.
    actions = [one.action for one in audited(installation)]
    assert actions.count("webhook_delivery.retried") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        (("add", "ftp://crm.example.org"), 1, "The URL must start with https://."),
        (("add", "https://"), 1, "The URL needs a host"),
        (
            ("add", "https://ana:secret@crm.example.org"),
            1,
            "must not have a user name, password or #",
        ),
        (("add", URL, "--event", "donation.lost"), 2, "'donation.lost' is not one of"),
        (("disable", "7"), 1, "There is no endpoint 7"),
        (("test", "7"), 1, "There is no endpoint 7"),
        (("retry", "7"), 1, "There is no delivery 7."),
        (("retry", "seven"), 2, "is not a valid integer"),
    ],
)
def test_an_error_is_one_line(
    run: Run, installation: Installation, arguments: tuple[str, ...], status: int, why: str
) -> None:
    ended = run("webhooks", *arguments)
    assert (ended.status, ended.out) == (status, "")
    assert why in ended.errors[-1]
    assert endpoints(installation) == []


def test_in_live_mode_endpoints_need_https(run: Run, installation: Installation) -> None:
    plain = "http://127.0.0.1:9/in"
    live = run("webhooks", "add", plain, STRIPE_SECRET_KEY="sk_live_real")
    assert (live.status, live.errors) == (1, ["The URL must start with https://."])
    assert run("webhooks", "add", plain).status == 0
    assert [one.url for one in endpoints(installation)] == [plain]
