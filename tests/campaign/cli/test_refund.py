"""`campaign refund`: it asks for confirmation, refunds once, and shows what is refundable."""

import os
import pty
import re
import subprocess

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.models import Campaign, Donation
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.campaign.cli.conftest import PROGRAM, ROOT, Run
from tests.conftest import UNREACHABLE, sandbox_address


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def gift(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> str:
    """The public ID of a gift of $25."""
    form = {"amount": "25", "frequency": "one_time", "email": "ana@example.org", "attempt": "a"}
    client.post("/c/nine-days/donate", data=form)
    with installation.sessions() as session:
        donation = session.scalars(select(Donation)).one()
    stripe.pay(donation.session_id or "")
    client.get(f"/donations/{donation.token}")
    return donation.public_id


def test_a_partial_refund_shows_what_remains(run: Run, gift: str) -> None:
    ended = run("refund", gift, "--amount", "10.00", "--reason", "duplicate", "--yes")
    before, done, after = ended.out.splitlines()
    assert (ended.status, ended.errors) == (0, [])
    assert before == f"Donation {gift}: $25 of $25 is refundable."
    assert re.fullmatch(r"Refund re_\w+ of \$10 USD: succeeded\.", done)
    assert after == f"Donation {gift}: $15 of $25 is refundable; $10 refunded."
    assert run("refund", gift, "--amount", "10.00", "--yes").status == 0
    ended = run("refund", gift, "--amount", "10.00", "--yes")
    assert (ended.status, len(ended.errors)) == (1, 1)
    assert "$5 of $25 is refundable; $20 refunded" in ended.errors[0]


def test_without_a_terminal_confirmation_is_refused(
    run: Run, gift: str, stripe: StripeSandbox
) -> None:
    ended = run("refund", gift)
    assert ended.status == 1
    assert ended.errors == [
        "Nothing was refunded: confirmation needs a terminal. Add --yes to skip it."
    ]
    assert stripe.objects("refund") == []


def test_the_same_command_again_is_the_same_refund_until_stripe_confirms_it(
    run: Run, gift: str, stripe: StripeSandbox
) -> None:
    command = ("refund", gift, "--amount", "10", "--yes")
    stripe.fault("POST /v1/refunds", "drop_after", times=3)
    stripe.fault("GET /v1/refunds", "drop_before", times=3)
    ended = run(*command)
    assert ended.status == 1
    assert "there is no need to request it again" in ended.errors[-1]
    assert run(*command).status == 0
    (made,) = stripe.objects("refund")
    assert made["amount"] == 1000
    assert run("ledger", "check").status == 0


@pytest.mark.parametrize(
    "wrong", [("--amount", "ten"), ("--amount", "30")], ids=["no amount", "too much"]
)
def test_a_rejected_refund_is_a_one_line_error(run: Run, gift: str, wrong: tuple[str, str]) -> None:
    ended = run("refund", gift, *wrong, "--yes")
    assert (ended.status, len(ended.errors)) == (1, 1)


def test_an_unknown_donation_and_a_reason_that_stripe_does_not_know(run: Run) -> None:
    assert "no donation 'unknown'" in run("refund", "unknown", "--yes").errors[0]
    assert run("refund", "unknown", "--reason", "spite", "--yes").status == 2


def test_an_unreachable_stripe_is_reported_and_the_request_saved(run: Run, gift: str) -> None:
    ended = run("refund", gift, "--yes", STRIPE_API_BASE=UNREACHABLE)
    assert ended.status == 1
    again = run("refund", gift, "--yes")
    assert again.status == 0
    assert "$25 requested but not confirmed by Stripe yet" in again.out.splitlines()[0]


def answering(environ: dict[str, str], answers: str, *arguments: str) -> tuple[int, str]:
    """Run the command on a terminal and type `answers`; return its exit status and output."""
    ours, theirs = pty.openpty()
    os.write(ours, answers.encode())
    try:
        done = subprocess.run(
            [*PROGRAM, *arguments],
            env={"PATH": os.environ["PATH"], "LOGNAME": "editor", "PYTHONPATH": str(ROOT)}
            | environ,
            cwd="/",
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return done.returncode, done.stdout


def test_on_a_terminal_it_asks_for_confirmation(
    environ: dict[str, str], gift: str, stripe: StripeSandbox
) -> None:
    status, shown = answering(environ, "n\n", "refund", gift, "--amount", "10")
    assert status == 1
    assert "Refund $10 USD? [y/N]" in shown
    assert stripe.objects("refund") == []
    status, shown = answering(environ, "y\n", "refund", gift)
    assert status == 0
    assert "Refund the full amount? [y/N]" in shown
    assert stripe.objects("refund")[0]["amount"] == 2500


def test_on_a_terminal_a_lost_response_can_be_checked_at_once(
    environ: dict[str, str], gift: str, stripe: StripeSandbox
) -> None:
    stripe.fault("POST /v1/refunds", "drop_after", times=3)
    stripe.fault("GET /v1/refunds", "drop_before", times=3)
    status, shown = answering(environ, "y\ny\n", "refund", gift)
    assert (status, "Check with Stripe now?" in shown) == (0, True)
    assert len(stripe.objects("refund")) == 1
