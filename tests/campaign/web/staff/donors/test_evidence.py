"""The page and the files with the evidence about a dispute: who may have them, and what they contain."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import select, update

from campaign.gateway import read_event
from campaign.models import AuditEntry, Campaign, Donation, OutboxMessage, StaffRole
from campaign.runtime.context import Installation
from campaign.stripe_events.inbox import store_event
from campaign.stripe_events.process import apply_due_events
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.staff import StaffMaker
from tests.support.stripe import Facts

Give = Callable[..., Facts]
Store = Callable[..., None]
HOME = {
    "line1": "1 Main St",
    "city": "Astoria",
    "state": "OR",
    "postal_code": "97103",
    "country": "US",
}


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def words(pdf: bytes) -> str:
    """Return the text of a PDF on one line."""
    pages = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def address(donation: Donation, dispute_id: str, file: str = "") -> str:
    return f"/staff/donations/{donation.public_id}/disputes/{dispute_id}/evidence{file}"


def donate(client: FlaskClient, installation: Installation, **form: str) -> Donation:
    given = {"amount": "25", "frequency": "one_time", "email": "ana@example.org", "attempt": "a"}
    client.post("/c/nine-days/donate", data=given | {"name": "Ana Reyes"} | form)
    with installation.sessions() as session:
        return session.scalars(select(Donation).order_by(Donation.id.desc()).limit(1)).one()


@pytest.fixture
def disputed(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> Callable[..., tuple[Donation, str]]:
    """`disputed(**form)` gives and has the bank dispute it; returns the gift and the dispute's id.

    `how` is passed to the sandbox's payment.
    """

    def dispute(how: dict[str, Any] | None = None, **form: str) -> tuple[Donation, str]:
        donation = donate(client, installation, **form)
        session_id = donation.session_id or ""
        paid = stripe.pay(session_id, **(how or {}))
        client.get(f"/donations/{donation.token}")
        opened = stripe.dispute(paid["payment_intent"] or paid["invoice"])
        apply_all(installation, stripe)
        return donation, str(opened["id"])

    return dispute


def apply_all(installation: Installation, stripe: StripeSandbox) -> None:
    """Apply all events of the sandbox, as the webhook would."""
    for found in stripe.events():
        body = json.dumps(found).encode()
        with installation.sessions.begin() as session:
            store_event(session, read_event(body), body)
    apply_due_events(installation)


def send_all(installation: Installation) -> None:
    """Record every email as accepted by the mail server."""
    with installation.sessions.begin() as session:
        session.execute(
            update(OutboxMessage).values(state="sent", sent_at=OutboxMessage.created_at)
        )


Disputed = Callable[..., tuple[Donation, str]]


def test_the_page_has_texts_to_paste_and_says_what_is_missing(
    staff: StaffMaker, disputed: Disputed
) -> None:
    donation, dispute_id = disputed({"billing": HOME, "card": "4000002760003184"})
    finance = staff(StaffRole.finance)
    gift = finance.get(f"/staff/donations/{donation.public_id}").text
    assert address(donation, dispute_id) in gift
    page = finance.get(address(donation, dispute_id)).text
    for part in (
        "Status: needs response.",
        "Evidence is due on",
        ">Ana Reyes</textarea>",
        ">ana@example.org</textarea>",
        ">1 Main St\nAstoria\nOR\n97103\nUS</textarea>",
        "One-time gift (donation) of $25 USD to The Harbor Ledger",
        "3-D Secure: authenticated (version 2.2.0)",
        "Postal code check: pass",
        "The IP address and the device of the donor are not stored",
        "No consent to campaign emails was given",
    ):
        assert part in page, part
    assert "no result of 3-D Secure" not in page


def test_the_pdf_tells_the_bank_what_happened(
    staff: StaffMaker, disputed: Disputed, installation: Installation
) -> None:
    donation, dispute_id = disputed({"billing": HOME}, subscribe="y")
    send_all(installation)
    answer = staff(StaffRole.finance).get(address(donation, dispute_id, "/evidence.pdf"))
    assert answer.mimetype == "application/pdf"
    assert len(answer.data) < 4_500_000
    root: Any = PdfReader(io.BytesIO(answer.data)).trailer["/Root"]
    assert b"pdfuaid:part>1<" in root["/Metadata"].get_data()
    said = words(answer.data)
    for part in (
        "The Harbor Ledger",
        f"Dispute: {dispute_id}",
        "Reason: fraudulent (Visa 10.4)",
        "$25 USD was charged as a gift to The Harbor Ledger",
        "Name on the form: Ana Reyes",
        "Billing address: 1 Main St, Astoria, OR, 97103, US",
        "Security code (CVC) check: pass",
        "Paid with: Visa card ending in 4242",
        "The donor sent the form",
        "accepted by the mail server for ana@example.org",
        "No goods or services",
        "The IP address and the device of the donor are not stored",
    ):
        assert part in said, part
    # Hints for staff are no evidence.
    assert "refund policy" not in said
    # What answers the reason comes before the rest.
    assert said.index("The donor and the bank’s checks") < said.index("The gift and the page")


def test_the_zip_has_every_piece_and_says_where_each_goes(
    staff: StaffMaker, disputed: Disputed, installation: Installation
) -> None:
    donation, dispute_id = disputed()
    send_all(installation)
    answer = staff(StaffRole.finance).get(address(donation, dispute_id, "/evidence.zip"))
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    receipt = next(name for name in files if name.startswith("receipts/"))
    number = receipt.removeprefix("receipts/receipt-").removesuffix(".pdf")
    assert set(files) == {
        "README.txt",
        "campaign-page.txt",
        "emails.pdf",
        f"emails/receipt-{number}.txt",
        "evidence.pdf",
        "ledger.csv",
        receipt,
        "texts.json",
    }
    readme = files["README.txt"].decode()
    for part in (
        "evidence.pdf: uncategorized_file",
        f"{receipt}: receipt",
        "emails.pdf: customer_communication",
        "Nothing was sent to Stripe.",
        "No refund policy is stored",
        "Stripe has no result of 3-D Secure",
    ):
        assert part in readme, part
    assert number in words(files[receipt])
    assert "To: ana@example.org" in files[f"emails/receipt-{number}.txt"].decode()
    ledger = files["ledger.csv"].decode().splitlines()
    assert ledger[0].startswith("id,kind,amount,fee_cover,fee,currency")
    assert [line.split(",")[1:3] for line in ledger[1:3]] == [
        ["payment", "2500"],
        ["dispute", "-2500"],
    ]
    texts = json.loads(files["texts.json"])
    assert texts["customer_name"] == "Ana Reyes"
    assert "Security code (CVC) check: pass" in texts["uncategorized_text"]


def test_the_emails_have_no_links_that_work(
    staff: StaffMaker, disputed: Disputed, installation: Installation
) -> None:
    donation, dispute_id = disputed(frequency="monthly")
    send_all(installation)
    made = staff(StaffRole.finance).get(address(donation, dispute_id, "/evidence.zip")).data
    with installation.sessions() as session:
        row = session.get_one(Donation, donation.id)
        assert row.subscription is not None
        secrets = [row.token, row.subscription.token, *(one.token for one in row.receipts)]
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        read = [archive.read(name) for name in archive.namelist()]
        said = [words(file) if file.startswith(b"%PDF") else file.decode() for file in read]
    assert "/subscriptions/(secret part left out)" in " ".join(said)
    assert not [secret for secret in secrets for text in said if secret in text]


def test_each_download_is_recorded(
    staff: StaffMaker, disputed: Disputed, installation: Installation
) -> None:
    donation, dispute_id = disputed()
    finance = staff(StaffRole.finance)
    for kind in ("pdf", "zip"):
        finance.get(address(donation, dispute_id, f"/evidence.{kind}"))
    with installation.sessions() as session:
        logged = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.action == "evidence.downloaded")
            .order_by(AuditEntry.id)
        ).all()
    assert [(one.subject_key, one.after) for one in logged] == [
        (donation.public_id, {"dispute": dispute_id, "format": "pdf"}),
        (donation.public_id, {"dispute": dispute_id, "format": "zip"}),
    ]


def test_viewers_get_none_of_it(staff: StaffMaker, disputed: Disputed) -> None:
    donation, dispute_id = disputed()
    viewer = staff(StaffRole.viewer)
    for file in ("", "/evidence.pdf", "/evidence.zip"):
        assert viewer.get(address(donation, dispute_id, file)).status_code == 403
    assert "/evidence" not in viewer.get(f"/staff/donations/{donation.public_id}").text


def test_a_dispute_that_is_unknown_or_of_another_gift_is_not_found(
    staff: StaffMaker, disputed: Disputed, give: Give
) -> None:
    donation, dispute_id = disputed()
    other = give("ben@example.org").donation
    finance = staff(StaffRole.finance)
    for gift, name in ((donation, "du_unknown"), (other, dispute_id)):
        for file in ("", "/evidence.pdf", "/evidence.zip"):
            assert finance.get(address(gift, name, file)).status_code == 404
    unknown = f"/staff/donations/don_x/disputes/{dispute_id}/evidence"
    assert finance.get(unknown).status_code == 404


def test_without_stripe_the_page_says_that_the_card_is_not_known(
    staff: StaffMaker, disputed: Disputed, stripe: StripeSandbox
) -> None:
    donation, dispute_id = disputed({"billing": HOME})
    stripe.fault("GET /v1/payment_intents/*", "500", times=0)
    page = staff(StaffRole.finance).get(address(donation, dispute_id)).text
    assert "Stripe could not be asked about the card" in page
    assert "1 Main St" not in page
    assert ">ana@example.org</textarea>" in page


def test_an_appeal_goes_to_the_appeals_fields(
    staff: StaffMaker, disputed: Disputed, installation: Installation, stripe: StripeSandbox
) -> None:
    donation, dispute_id = disputed()
    stripe.close_dispute(dispute_id, won=False)
    finance = staff(StaffRole.finance)
    apply_all(installation, stripe)
    closed = finance.get(address(donation, dispute_id)).text
    assert "This dispute is closed (lost). Stripe takes no more evidence for it." in closed
    stripe.appeal(dispute_id)
    apply_all(installation, stripe)
    page = finance.get(address(donation, dispute_id)).text
    assert "The appeal is due on" in page
    assert "appeal.card.reason_for_filing" in page
    assert "customer_name" not in page
    made = finance.get(address(donation, dispute_id, "/evidence.zip")).data
    readme = zipfile.ZipFile(io.BytesIO(made)).read("README.txt").decode()
    assert "evidence.pdf: appeal.card.supporting_files" in readme
    assert "uncategorized_file" not in readme


def test_a_spanish_donors_receipt_stays_in_spanish(
    client: FlaskClient, staff: StaffMaker, disputed: Disputed, installation: Installation
) -> None:
    donation, dispute_id = disputed(lang="es")
    send_all(installation)
    made = staff(StaffRole.finance).get(address(donation, dispute_id, "/evidence.zip")).data
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        (name,) = [one for one in archive.namelist() if one.startswith("receipts/")]
        receipt, evidence = words(archive.read(name)), words(archive.read("evidence.pdf"))
        email = words(archive.read("emails.pdf"))
    assert "Recibo" in receipt
    assert "Recibo" in email
    assert "Language of the form: Español" in evidence
    assert "Receipts and their delivery" in evidence


def test_a_gift_without_a_receipt_says_so(
    staff: StaffMaker, give: Give, store: Store, installation: Installation
) -> None:
    facts = give()
    store(facts.disputed("created"))
    with installation.sessions.begin() as session:
        session.get_one(Donation, facts.donation.id).payment_intent_id = f"pi_{facts.number}"
    apply_due_events(installation)
    finance = staff(StaffRole.finance)
    dispute_id = facts.dispute()["id"]
    page = finance.get(address(facts.donation, dispute_id))
    assert page.status_code == 200
    assert "No receipt was issued." in page.text
    made = finance.get(address(facts.donation, dispute_id, "/evidence.zip")).data
    names = zipfile.ZipFile(io.BytesIO(made)).namelist()
    assert not [name for name in names if name.startswith(("receipts/", "emails"))]
