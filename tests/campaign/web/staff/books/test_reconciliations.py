"""Reconciliations on the staff pages: a run, its discrepancies, and settling one that is right as it is."""

import re

import pytest

from campaign.audit.audit_log import Actor
from campaign.models import StaffRole
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.recorded_run import run_reconciliation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank
from tests.support.staff import StaffMaker


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def reconcile(bank: Bank) -> list[str]:
    """Run it and return the ids of the open discrepancies."""
    found: list[Discrepancy] = []
    run_reconciliation(bank.installation, None, Actor.command_line(), on_discrepancy=found.append)
    return [one.id for one in found]


def charge_more(bank: Bank, amount: int) -> None:
    account = bank.stripe.account
    with account.transaction():
        account.change(account.every("balance_transaction")[0], amount=amount)


def test_a_discrepancy_is_settled_on_its_page(bank: Bank, staff: StaffMaker) -> None:
    bank.stripe.pay(bank.give())
    bank.deliver()
    charge_more(bank, 2600)
    (found,) = reconcile(bank)
    client = staff(StaffRole.finance)
    page = f"/staff/reconciliations/discrepancies/{found}"
    newest = re.findall(r"/staff/reconciliations/(\d+)", client.get("/staff/reconciliations").text)
    assert page in client.get(f"/staff/reconciliations/{newest[0]}").text
    assert "Nothing is settled" in client.get("/staff/reconciliations/settled").text
    assert client.post_form(page, data={"reason": " "}).status_code == 422
    assert client.get(page.replace(found, "dif_0")).status_code == 404
    assert client.post_form(page, data={"reason": "The <b>bank</b> rounded."}).status_code == 303
    for shown in (page, "/staff/reconciliations/settled"):
        assert "The &lt;b&gt;bank&lt;/b&gt; rounded." in client.get(shown).text
    assert ">settled</a>" in client.get(f"/staff/reconciliations/{newest[0]}").text
    assert "No open discrepancies in the last run" in client.get("/staff/books").text
    assert "discrepancy settled" in client.get("/staff/audit?action=discrepancy.").text
    again = client.post_form(page, data={"reason": "Once more."})
    assert again.status_code == 422
    assert "was settled by" in again.text
    assert reconcile(bank) == []
    charge_more(bank, 2700)
    (other,) = reconcile(bank)
    assert other != found
    assert "Settle</button>" in client.get(page.replace(found, other)).text


def test_who_may_only_read_cannot_settle(bank: Bank, staff: StaffMaker) -> None:
    bank.stripe.pay(bank.give())
    bank.deliver()
    charge_more(bank, 2600)
    (found,) = reconcile(bank)
    client = staff(StaffRole.viewer)
    page = f"/staff/reconciliations/discrepancies/{found}"
    assert client.get(page).status_code == 403
    assert client.post_form(page, data={"reason": "so"}).status_code == 403
    assert reconcile(bank) == [found]
