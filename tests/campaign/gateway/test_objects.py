"""Reading one object again: in our version, with the time at which it was so."""

from datetime import timedelta

import pytest

from campaign.core import clock
from campaign.core.errors import GatewayForbidden, GatewayMissing, GatewayRefused
from campaign.gateway.client import StripeGateway
from campaign.stripe_events.registry import HANDLERS, object_kind
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.scripted_stripe import PreparedAnswer, ScriptedStripe
from tests.support.stripe_shapes import shape

PAYOUT = {"id": "po_1", "object": "payout"}


def gateway(address: str, key: str = "sk_test_x") -> StripeGateway:
    return StripeGateway(key, address)


@pytest.mark.parametrize("kind", sorted({str(object_kind(name)) for name in HANDLERS}))
def test_each_kind_is_asked_for_by_its_id(kind: str) -> None:
    with ScriptedStripe(PreparedAnswer({"id": "x_1", "object": kind})) as stripe:
        found = gateway(stripe.url).objects.retrieve(kind, "x_1")
    assert found.object == {"id": "x_1", "object": kind}
    assert stripe.calls[0].request.endswith("/x_1")


def test_an_old_default_version_of_the_account_does_not_matter(stripe: StripeSandbox) -> None:
    stripe.use_version("2019-12-03")
    with stripe.account.transaction():
        stripe.account.add({**shape("payout-paid").object, **PAYOUT})
    found = gateway(sandbox_address(stripe)).objects.retrieve("payout", "po_1")
    assert found.object["status"] == "paid"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({**PAYOUT, "deleted": True}, GatewayMissing),
        ({**PAYOUT, "id": "po_2"}, GatewayRefused),
        ({**PAYOUT, "object": "list"}, GatewayRefused),
    ],
)
def test_another_answer_is_not_taken(answer: dict[str, object], kind: type[Exception]) -> None:
    with (
        ScriptedStripe(PreparedAnswer(answer)) as stripe,
        pytest.raises(kind) as raised,
    ):
        gateway(stripe.url).objects.retrieve("payout", "po_1")
    assert type(raised.value) is kind


def test_a_missing_permission_is_named(stripe: StripeSandbox) -> None:
    stripe.take_permissions(["rak_payout_read"])
    with pytest.raises(GatewayForbidden) as raised:
        gateway(sandbox_address(stripe), "rk_test_sandbox").objects.retrieve("payout", "po_1")
    assert raised.value.permission == "rak_payout_read"


@pytest.mark.parametrize("hours", [-50, 0, 50])
def test_the_time_is_stripes_where_our_clock_is_wrong(
    stripe: StripeSandbox, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    with stripe.account.transaction():
        stripe.account.add({**shape("payout-paid").object, **PAYOUT})
    before, real = clock.now(), clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=hours))
    found = gateway(stripe.url).objects.retrieve("payout", "po_1")
    assert before.replace(microsecond=0) <= found.read_at <= real()
    assert bool(found.read_at.microsecond) is (hours == 0)
