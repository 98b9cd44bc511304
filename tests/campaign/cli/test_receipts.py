"""Statements and printed receipts from their commands: each once, and none lost."""

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import func, select, update

from campaign.cli.receipts import write_new_file
from campaign.core import clock
from campaign.core.errors import CampaignError
from campaign.emails.attachments import attachments
from campaign.mailer.outbox import claim_messages
from campaign.models import Donation, Donor, OutboxMessage, Receipt
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.campaign.cli.conftest import Run
from tests.support.stripe import Facts

Give = Callable[..., Facts]
Store = Callable[..., None]


@pytest.fixture
def year(installation: Installation, give: Give, store: Store) -> str:
    """Two gifts from Ana; return their year."""
    store(give(amount=2_500).completed(), give(amount=1_050).completed())
    apply_due_events(installation)
    with installation.sessions() as session:
        return str(session.scalars(select(Receipt.gift_date)).first().year)


@pytest.fixture
def by_mail(installation: Installation, give: Give, store: Store) -> None:
    """A gift from a donor without email."""
    facts = give(amount=4_000)
    with installation.sessions.begin() as session:
        session.execute(update(Donation).values(email=""))
        session.execute(update(Donor).values(email="", name="Bo Lund"))
    store(facts.completed())
    apply_due_events(installation)


def live_at(installation: Installation, address: str) -> None:
    with installation.sessions.begin() as session:
        session.execute(update(Donor).values(address=address))


def posted(installation: Installation) -> int:
    with installation.sessions() as session:
        return session.scalars(select(func.count(Receipt.mailed_at))).one()


def text(path: Path) -> str:
    pages = PdfReader(io.BytesIO(path.read_bytes())).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_a_statement_is_queued_once_and_not_before_the_years_end(run: Run, year: str) -> None:
    assert run("statements", year).errors == [
        f"{year} is not over. Use --so-far to queue statements anyway."
    ]
    said = f"{year}: 1 statements {{}}, 0 more to print.\n"
    assert run("statements", year, "--so-far", "--dry-run").out == said.format("would be queued")
    assert run("statements", year, "--so-far").out == said.format("queued")
    assert (
        run("statements", year, "--so-far").out
        == f"{year}: 0 statements queued, 0 more to print.\n"
    )


def test_a_statement_and_a_receipt_carry_their_pdf(
    run: Run, installation: Installation, year: str, tmp_path: Path
) -> None:
    run("statements", year, "--so-far", "--pdf", str(tmp_path / "all"))
    (written,) = (tmp_path / "all").iterdir()
    assert "$35.50" in text(written)
    with installation.sessions.begin() as session:
        claims = claim_messages(session, clock.now(), 10)
        files = {
            claim.kind: attachments(session, claim, installation.settings.organization)
            for claim in claims
        }
    assert files["statement"][0].content == written.read_bytes()
    assert files["receipt"][0].filename.startswith("receipt-")
    assert files["receipt"][0].content.startswith(b"%PDF-")


@pytest.mark.usefixtures("by_mail")
def test_a_donor_without_email_gets_one_printed_receipt(
    run: Run, installation: Installation, tmp_path: Path
) -> None:
    live_at(installation, "5 Elm Street\nSalem, OR 97301")
    with installation.sessions() as session:
        assert session.scalars(select(OutboxMessage)).all() == []
    first, second = tmp_path / "1.pdf", tmp_path / "2.pdf"
    assert run("print-receipts", str(first)).out == f"Wrote 1 document to {first}.\n"
    assert "Bo Lund 5 Elm Street Salem, OR 97301" in text(first)
    assert run("print-receipts", str(second)).out == "Nothing to print.\n"
    assert not second.exists()
    since = (clock.now() - timedelta(hours=1)).isoformat()
    assert run("print-receipts", str(second), "--again", since).status == 0
    assert "$40" in text(second)


@pytest.mark.usefixtures("by_mail")
def test_a_statement_is_printed_too(run: Run, installation: Installation, tmp_path: Path) -> None:
    live_at(installation, "5 Elm Street")
    with installation.sessions() as session:
        year = str(session.scalars(select(Receipt)).one().gift_date.year)
    assert (
        run("statements", year, "--so-far").out
        == f"{year}: 0 statements queued, 1 more to print.\n"
    )
    assert run("print-receipts", str(tmp_path / "1.pdf")).out.startswith("Wrote 2 documents ")
    assert f"Your gifts in {year}" in text(tmp_path / "1.pdf")
    assert run("print-receipts", str(tmp_path / "2.pdf")).out == "Nothing to print.\n"


@pytest.mark.usefixtures("by_mail")
def test_without_an_address_it_is_not_printed(
    run: Run, installation: Installation, tmp_path: Path
) -> None:
    ended = run("print-receipts", str(tmp_path / "1.pdf"))
    assert ended.status == 1
    assert "No postal address: receipt " in ended.errors[0]
    assert posted(installation) == 0


@pytest.mark.usefixtures("by_mail")
def test_a_file_that_cannot_be_written_marks_nothing(
    run: Run, installation: Installation, tmp_path: Path
) -> None:
    live_at(installation, "5 Elm Street")
    assert run("print-receipts", str(tmp_path / "none" / "1.pdf")).status == 1
    assert posted(installation) == 0


@pytest.mark.usefixtures("by_mail")
def test_a_crash_between_file_and_commit_prints_it_again(
    run: Run, installation: Installation, tmp_path: Path
) -> None:
    live_at(installation, "5 Elm Street")
    with installation.engine.begin() as connection:
        connection.exec_driver_sql(
            "ALTER TABLE receipt ADD CONSTRAINT never CHECK (mailed_at IS NULL)"
        )
    assert run("print-receipts", str(tmp_path / "1.pdf")).status != 0
    assert "$40" in text(tmp_path / "1.pdf")
    with installation.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE receipt DROP CONSTRAINT never")
    assert run("print-receipts", str(tmp_path / "2.pdf")).out.startswith("Wrote 1 document ")
    assert posted(installation) == 1


def test_printing_never_replaces_a_file(tmp_path: Path) -> None:
    write_new_file(tmp_path / "1.pdf", b"first")
    with pytest.raises(CampaignError, match=r"Cannot write .*: File exists"):
        write_new_file(tmp_path / "1.pdf", b"second")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"first"]
