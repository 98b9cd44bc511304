"""Preview every email with sample data. For all staff roles."""

from flask import Response, make_response, render_template, request
from sqlalchemy import select

from campaign.core.errors import NotFound
from campaign.core.i18n import get_language, languages, supported_locale
from campaign.emails import sample_facts
from campaign.emails.names import sample_groups, sample_name
from campaign.emails.samples import Sample, samples
from campaign.mailer.email_context import Sender
from campaign.mailer.merge_fields import NAME, UNSUBSCRIBE_URL, fill
from campaign.mailer.render import RenderedEmail, render_email
from campaign.models import Campaign, StaffRole
from campaign.web.context import installation
from campaign.web.staff.core.access import needs, staff_blueprint

blueprint = staff_blueprint("mail_preview", "/mail/preview")

LINKED = 5
"""The most campaigns whose own emails the list links."""

# An email has its styles inline and loads nothing.
EMAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'; sandbox allow-popups"
)
# The page around it shows it in frames.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)


@blueprint.get("/")
@needs(StaffRole.viewer)
def index() -> Response:
    """List all emails in all languages."""
    with installation().sessions() as session:
        latest = select(Campaign).order_by(Campaign.deadline.desc()).limit(LINKED)
        campaigns = session.scalars(latest).all()
    page = render_template(
        "staff/mail_previews.html",
        page_title="Email previews",
        groups=sample_groups(),
        campaigns=campaigns,
        languages=[get_language(one) for one in languages()],
    )
    return with_policy(make_response(page), PAGE_POLICY)


@blueprint.get("/<name>")
@needs(StaffRole.viewer)
def email(name: str) -> Response:
    """Show one email: its subject, and its HTML and plain-text bodies in frames."""
    sample, locale = _asked(name)
    shown = _rendered(sample, locale)
    page = render_template(
        "staff/mail_preview.html",
        page_title=f"{sample_name(name)} (sample)",
        title=sample_name(name),
        name=name,
        email=shown,
        email_locale=locale,
        languages=[get_language(one) for one in languages()],
    )
    return with_policy(make_response(page), PAGE_POLICY)


@blueprint.get("/<name>.html")
@needs(StaffRole.viewer)
def html(name: str) -> Response:
    """Return the HTML body as it is sent."""
    sample, locale = _asked(name)
    return with_policy(Response(_rendered(sample, locale).html, mimetype="text/html"), EMAIL_POLICY)


@blueprint.get("/<name>.txt")
@needs(StaffRole.viewer)
def text(name: str) -> Response:
    """Return the plain-text body as it is sent."""
    sample, locale = _asked(name)
    return with_policy(
        Response(_rendered(sample, locale).text, mimetype="text/plain"), EMAIL_POLICY
    )


def _asked(name: str) -> tuple[Sample, str]:
    sample = samples().get(name)
    if sample is None:
        raise NotFound("There is no email with this name.")
    return sample, supported_locale(request.args.get("locale", "en"))


def _rendered(sample: Sample, locale: str) -> RenderedEmail:
    here = installation()
    sender = Sender(here.settings.organization, here.address)
    rendered = render_email(sample.kind, sample.make(sender, locale))
    unsubscribe = here.address("/unsubscribe/sample-email")
    return fill(rendered, {NAME: sample_facts.NAME, UNSUBSCRIBE_URL: unsubscribe})


def with_policy(response: Response, policy: str) -> Response:
    """Return the response with this Content-Security-Policy."""
    response.headers["Content-Security-Policy"] = policy
    return response
