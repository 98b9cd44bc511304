"""The appeal by post for readers in institutions: a list in, a PDF to print out. For finance, who opens the replies.

Who is printed again keeps their coupon's code, so that the same list sent twice harms nothing.
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
"""Sheets that one request sets; the command takes any number."""
WINDOWS = {"us": "#10 envelope, Letter paper", "din": "DIN long envelope (DIN 5008 B), A4 paper"}

blueprint = staff_blueprint("direct_mail", "/c/<slug>/direct-mail", largest=LARGEST + 64 * 1024)


@blueprint.get("")
@needs(StaffRole.finance)
def page(slug: str) -> ResponseReturnValue:
    """Which list, and which envelope."""
    return _page(slug)


def _page(slug: str, fault: str = "", refused: Sequence[RejectedLine] = (), ready: int = 0) -> str:
    with installation().sessions() as session:
        return render_template(
            "staff/campaigns/direct_mail.html",
            page_title="Print for the mail",
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
    """The PDF; or the page again with every line that cannot be taken, unless those were to be left out."""
    sent, window = request.files.get("file"), request.form.get("window", "us")
    try:
        found = _read(slug, sent.read() if sent else b"")
    except (ListInvalid, CampaignNotOpen) as error:
        return _page(slug, str(error)), 422
    if window not in WINDOWS:
        return _page(slug, "Choose an envelope."), 422
    if not found.ready or (found.refused and not request.form.get("rest")):
        fault = "Some lines cannot be taken; nothing was printed." if found.refused else ""
        fault = fault or "There is no row below the first line."
        return _page(slug, fault, found.refused, len(found.ready)), 422
    name = f"{slug}-by-post.pdf"
    with installation().sessions.begin() as session:
        sheets = print_appeals(session, installation(), slug, found, window, actor(), file=name)
    answer = Response(sheets, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _read(slug: str, raw: bytes) -> RecipientList:
    """The list; raises ListInvalid and CampaignNotOpen."""
    if not raw:
        raise ListInvalid("Choose a file that is not empty.")
    if len(raw) > LARGEST:
        raise ListInvalid("The file is larger than 1 MB; split it.")
    with installation().sessions() as session:
        found = read_recipient_list(session, slug, raw)
    if len(found.ready) > MOST_ROWS:
        raise ListInvalid(
            f"The list has more than {MOST_ROWS:,} rows; split it, or use the command `campaign print-batch`."
        )
    return found
