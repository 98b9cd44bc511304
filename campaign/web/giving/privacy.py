"""What is kept about readers and donors, in plain words. The figures come from the retention schedule."""

from flask import Blueprint, Response, make_response, render_template

from campaign.core.list_settings import ListSettings
from campaign.privacy.retention import SCHEDULE
from campaign.web.context import installation
from campaign.web.language import page_language

blueprint = Blueprint("privacy", __name__)


@blueprint.get("/privacy")
def page() -> Response:
    """Show the page, which is the same for all readers."""
    settings = installation().settings
    response = make_response(
        render_template(
            "public/privacy.html",
            page_title=page_language().gettext("Your privacy"),
            days=retention_days(),
            lists=list_services(settings.lists),
        )
    )
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def list_services(lists: ListSettings) -> list[str]:
    """Return the companies that keep the mailing list. listmonk runs on the organization's own machine."""
    used = {"Mailchimp": lists.mailchimp, "Brevo": lists.brevo}
    return [name for name, service in used.items() if service is not None]


def retention_days() -> dict[str, int]:
    """Return for how many days each kind of the schedule is kept, of those that a time ends."""
    return {kind: rule.kept.days for kind, rule in SCHEDULE.items() if rule.kept is not None}
