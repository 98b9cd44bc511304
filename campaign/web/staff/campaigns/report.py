"""The report of a campaign, as a page and as a PDF. Until the result is final, the report is provisional."""

from dataclasses import asdict

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock
from campaign.models import StaffRole
from campaign.receipts.pdf_documents import report_pdf
from campaign.reporting.campaign_report import CampaignReport, read_report
from campaign.web.context import installation
from campaign.web.staff.campaigns.report_sections import present_report
from campaign.web.staff.core.access import needs, staff_blueprint

blueprint = staff_blueprint("report", "/c/<slug>")


@blueprint.get("/report")
@needs(StaffRole.viewer)
def page(slug: str) -> ResponseReturnValue:
    """Show the report."""
    report = _read(slug)
    return render_template(
        "staff/campaigns/report.html",
        page_title="Campaign report",
        campaign=report.progress.campaign,
        report=present_report(report),
    )


@blueprint.get("/report.pdf")
@needs(StaffRole.viewer)
def pdf(slug: str) -> ResponseReturnValue:
    """Return the report as a PDF."""
    report = _read(slug)
    context = asdict(present_report(report)) | {
        "organization_name": installation().settings.organization.name
    }
    response = Response(report_pdf(context), mimetype="application/pdf")
    name = f"report-{report.progress.campaign.slug}.pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


def _read(slug: str) -> CampaignReport:
    with installation().sessions() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        return read_report(session, find_campaign(session, slug), clock.now())
