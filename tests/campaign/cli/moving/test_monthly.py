"""`campaign moving monthly|invite`, as an operator runs them."""

from pathlib import Path

import pytest
from sqlalchemy import select

from campaign.core.clock import now
from campaign.models import AuditEntry, GiftElsewhere, OutboxMessage, Subscriber
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.campaign.cli.conftest import Run
from tests.conftest import sandbox_address
from tests.support.raw_sql import insert
from tests.support.reconciliation import Bank

HEADER = "id,subscription,email,amount,frequency,status,processor,shoe size\n"
BO = "2,,bo@reader.test,10.00,month,active,PayPal,44\n"


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A list with Bo's monthly gift by PayPal."""
    path = tmp_path / "monthly.csv"
    path.write_text(HEADER + BO)
    return path


def listed(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list(session.scalars(select(GiftElsewhere.external_id)))


def invited(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list(session.scalars(select(OutboxMessage.recipient)))


def logged(installation: Installation, action: str) -> int:
    with installation.sessions() as session:
        found = session.scalars(select(AuditEntry).where(AuditEntry.action == action))
        return len(found.all())


def agree(installation: Installation, email: str) -> None:
    consent = {"consent_source": "list", "consent_at": now()}
    insert(installation, Subscriber, email=email, name="Bo", locale="en", **consent)


def test_monthly_gifts_are_listed_and_invited(bank: Bank, run: Run, file: Path) -> None:
    made = bank.stripe.subscribe(700)["id"]
    file.write_text(HEADER + f"1,{made},,,month,active,stripe,\n" + BO)
    done = run("moving", "monthly", str(file))
    assert done.status == 0, done.errors
    assert "1 adopted at Stripe, with 1 past payments" in done.out
    assert "1 listed as charged elsewhere" in done.out
    nobody = run("moving", "invite", "nine-days", "--dry-run")
    assert nobody.out == "0 would be invited.\n"
    assert logged(bank.installation, "monthly.imported") == 1
    assert logged(bank.installation, "monthly.invited") == 0


def test_a_dry_run_says_what_would_happen_and_changes_nothing(
    bank: Bank, run: Run, file: Path
) -> None:
    looked = run("moving", "monthly", str(file), "--preset", "plain", "--dry-run")
    assert (looked.status, looked.errors) == (0, [])
    assert looked.out.splitlines() == [
        "Read as plain.",
        "Ignored columns: shoe size.",
        "0 would be adopted at Stripe, with 0 past payments; 0 here already.",
        "1 would be listed as charged elsewhere; 0 listed before, 0 ended since.",
        "0 refused.",
        "Nothing was changed.",
    ]
    assert listed(bank.installation) == []
    done = run("moving", "monthly", str(file))
    assert "Nothing was changed." not in done.out
    assert "1 listed as charged elsewhere" in done.out
    assert listed(bank.installation) == ["2"]


def test_refused_rows_are_named_and_the_others_kept(bank: Bank, run: Run, file: Path) -> None:
    file.write_text(
        HEADER + BO + "3,,di@reader.test,5.00,month,canceled,PayPal,\n"
        "4,,,5.00,month,active,PayPal,\n"
    )
    done = run("moving", "monthly", str(file))
    assert done.status == 1
    assert done.errors == [
        "line 3: left out: not active",
        "line 4: not in this Stripe account, and without an address to ask",
        "Fix the lines named above and import the file again.",
    ]
    assert done.out.splitlines()[-2:] == ["1 left out: not active.", "1 refused."]
    assert listed(bank.installation) == ["2"]


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--campaign", "nowhere"), 1, "nowhere"),
        (("--preset", "none"), 1, "'none' is not a preset"),
        (("--decimal", "x"), 2, "'x' is not one of"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    bank: Bank, run: Run, file: Path, options: tuple[str, ...], status: int, words: str
) -> None:
    done = run("moving", "monthly", str(file), *options)
    assert (done.status, done.out) == (status, "")
    assert words in done.errors[-1]
    assert listed(bank.installation) == []


def test_who_agreed_is_invited_once(bank: Bank, run: Run, file: Path) -> None:
    run("moving", "monthly", str(file))
    agree(bank.installation, "bo@reader.test")
    looked = run("moving", "invite", "nine-days", "--dry-run")
    assert looked.out == "bo@reader.test\n1 would be invited.\n"
    assert invited(bank.installation) == []
    done = run("moving", "invite", "nine-days")
    assert (done.status, done.out) == (0, "bo@reader.test\n1 invited.\n"), done.errors
    assert invited(bank.installation) == ["bo@reader.test"]
    again = run("moving", "invite", "nine-days")
    assert again.out == "0 invited.\n"
    assert invited(bank.installation) == ["bo@reader.test"]
    assert logged(bank.installation, "monthly.invited") == 1


def test_nobody_is_invited_to_a_campaign_that_is_not_there(bank: Bank, run: Run) -> None:
    done = run("moving", "invite", "nowhere")
    assert (done.status, done.out, len(done.errors)) == (1, "", 1)
