"""Payouts to the bank: the transactions in each, and whether they add up to the payout."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from campaign.audit.audit_log import Subject, record
from campaign.core.input_limits import read_key
from campaign.models import StaffRole
from campaign.reconciliation.payouts import COLUMNS, PAGE, find_payout, payout_rows, recent_payouts
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.downloads import FORMATS, download
from campaign.web.staff.core.paging import pages

blueprint: Blueprint = staff_blueprint("payouts", "/payouts")


@blueprint.get("")
@needs(StaffRole.finance)
def index() -> ResponseReturnValue:
    """List the payouts, newest first."""
    with installation().sessions() as session:
        found = recent_payouts(session, read_key(request.args.get("before", "")))
    older = found[-1][0].id if len(found) == PAGE else None
    return render_template(
        "staff/books/payouts.html",
        page_title="Payouts",
        payouts=found,
        pages=pages(None, older),
    )


@blueprint.get("/<payout_id>")
@needs(StaffRole.finance)
def payout(payout_id: str) -> ResponseReturnValue:
    """Show one payout with its transactions."""
    with installation().sessions() as session:
        found = find_payout(session, payout_id)
    return render_template(
        "staff/books/payout.html",
        page_title=f"Payout {payout_id}",
        found=found,
        formats=list(FORMATS),
    )


@blueprint.get("/<payout_id>/items.<any(csv, jsonl):kind>")
@needs(StaffRole.finance)
def file(payout_id: str, kind: str) -> ResponseReturnValue:
    """Download all transactions of a payout."""
    here = installation()
    with here.sessions.begin() as session:
        find_payout(session, payout_id)
        subject = Subject("export", payout_id)
        record(session, actor(), "export.created", subject, after={"format": kind})

    def rows() -> Iterator[dict[str, Any]]:
        with here.sessions() as session:
            yield from payout_rows(session, payout_id)

    return download(COLUMNS, rows(), payout_id, kind)
