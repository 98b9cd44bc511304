"""Direct mail for readers in institutions: upload a list, get a PDF to print. For finance, who opens the replies.

A reader who is printed again keeps the coupon's code, so uploading the same list twice is harmless.
"""

from collections.abc import Sequence

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from campaign.campaigns.campaigns import find_campaign
from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import CampaignNotOpen, ListInvalid
from campaign.models import StaffRole
from campaign.offline.direct_mail_flow import RecipientList, print_appeals, read_recipient_list
from campaign.offline.direct_mail_list import COLUMNS, REQUIRED_COLUMNS
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint

LARGEST = 1024 * 1024
MOST_ROWS = 500
"""Maximum sheets per request; the command has no limit."""
WINDOWS = {"us": "#10 envelope, Letter paper", "din": "DIN long envelope (DIN 5008 B), A4 paper"}

blueprint = staff_blueprint("direct_mail", "/c/<slug>/direct-mail", largest=LARGEST + 64 * 1024)


@blueprint.get("")
@needs(StaffRole.finance)
def page(slug: str) -> ResponseReturnValue:
    """Show the form: recipient list and envelope."""
    return _page(slug)


def _page(slug: str, fault: str = "", refused: Sequence[RejectedLine] = (), ready: int = 0) -> str:
    with installation().sessions() as session:
        return render_template(
            "staff/campaigns/direct_mail.html",
            page_title="Direct mail",
            campaign=find_campaign(session, slug),
            windows=WINDOWS,
            window=request.form.get("window", "us"),
            needed=REQUIRED_COLUMNS,
            optional=COLUMNS[len(REQUIRED_COLUMNS) :],
            fault=fault,
            refused=refused,
            ready=ready,
            most=MOST_ROWS,
        )


@blueprint.post("")
@needs(StaffRole.finance)
def print_list(slug: str) -> ResponseReturnValue:
    """Return the PDF, or the page with every rejected line unless staff chose to skip those."""
    sent, window = request.files.get("file"), request.form.get("window", "us")
    try:
        found = _read(slug, sent.read() if sent else b"")
    except (ListInvalid, CampaignNotOpen) as error:
        return _page(slug, str(error)), 422
    if window not in WINDOWS:
        return _page(slug, "Choose an envelope."), 422
    if not found.ready or (found.refused and not request.form.get("rest")):
        fault = "Some lines have errors. Nothing was printed." if found.refused else ""
        fault = fault or "The file has no rows below the first line."
        return _page(slug, fault, found.refused, len(found.ready)), 422
    name = f"{slug}-by-post.pdf"
    with installation().sessions.begin() as session:
        sheets = print_appeals(session, installation(), slug, found, window, actor(), file=name)
    answer = Response(sheets, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _read(slug: str, raw: bytes) -> RecipientList:
    """Return the parsed list; raises ListInvalid and CampaignNotOpen."""
    if not raw:
        raise ListInvalid("Choose a file that is not empty.")
    if len(raw) > LARGEST:
        raise ListInvalid("The file is larger than 1 MB. Split it.")
    with installation().sessions() as session:
        found = read_recipient_list(session, slug, raw)
    if len(found.ready) > MOST_ROWS:
        raise ListInvalid(
            f"The list has more than {MOST_ROWS:,} rows. Split it, or use the command `campaign direct-mail`."
        )
    return found
