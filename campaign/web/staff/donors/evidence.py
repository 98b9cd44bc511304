"""The evidence about a dispute: a page with texts to paste, one PDF, and a ZIP. Each download is recorded.

Nothing is sent to Stripe: evidence can be submitted once, so staff read it and submit it themselves.
"""

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from campaign.audit.audit_log import Subject, record
from campaign.core import clock
from campaign.mailer.email_context import Sender
from campaign.models import StaffRole
from campaign.reporting.dispute_evidence import ask_stripe, read_evidence
from campaign.reporting.evidence_fields import evidence_fields
from campaign.reporting.evidence_files import dispute_pdf, evidence_zip, standing_sentences
from campaign.reporting.evidence_sections import hints_for_staff, missing_facts
from campaign.reporting.evidence_writer import EvidenceWriter
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint

blueprint: Blueprint = staff_blueprint(
    "evidence", "/donations/<public_id>/disputes/<dispute_id>/evidence"
)


@blueprint.get("")
@needs(StaffRole.finance)
def page(public_id: str, dispute_id: str) -> ResponseReturnValue:
    """Show what can be submitted for a dispute, and what is missing."""
    writer = _writer(public_id, dispute_id)
    return render_template(
        "staff/donations/evidence.html",
        page_title=f"Evidence about {dispute_id}",
        public_id=public_id,
        dispute=writer.evidence.dispute,
        standing=standing_sentences(writer),
        fields=evidence_fields(writer),
        missing=[*missing_facts(writer), *hints_for_staff(writer)],
    )


@blueprint.get("/evidence.<any(pdf, zip):kind>")
@needs(StaffRole.finance)
def file(public_id: str, dispute_id: str, kind: str) -> ResponseReturnValue:
    """Download the evidence as one PDF, or as a ZIP with everything behind it."""
    writer, at = _writer(public_id, dispute_id), clock.now()
    made = dispute_pdf(writer, at) if kind == "pdf" else evidence_zip(writer, at)
    with installation().sessions.begin() as session:
        subject = Subject("donation", public_id, writer.evidence.donation.campaign_id)
        after = {"dispute": dispute_id, "format": kind}
        record(session, actor(), "evidence.downloaded", subject, after=after)
    response = Response(made, mimetype=f"application/{kind}")
    name = f"evidence-{dispute_id}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _writer(public_id: str, dispute_id: str) -> EvidenceWriter:
    here = installation()
    organization = here.settings.organization
    with here.sessions() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        evidence = read_evidence(session, public_id, dispute_id, Sender(organization, here.address))
    return EvidenceWriter(evidence, ask_stripe(here.gateway.payments, evidence), organization)
