"""Preview every email with sample data. For all staff roles."""

from flask import Response, make_response, render_template, request

from campaign.core.errors import NotFound
from campaign.core.i18n import languages, supported_locale
from campaign.emails import sample_facts
from campaign.emails.samples import Sample, samples
from campaign.mailer.email_context import Sender
from campaign.mailer.merge_fields import NAME, UNSUBSCRIBE_URL, fill
from campaign.mailer.render import RenderedEmail, render_email
from campaign.models import StaffRole
from campaign.web.context import installation
from campaign.web.staff.core.access import needs, staff_blueprint

blueprint = staff_blueprint("mail_preview", "/mail/preview")

# An email has its styles inline and loads nothing.
EMAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'; sandbox allow-popups"
)
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)


@blueprint.get("/")
@needs(StaffRole.viewer)
def index() -> Response:
    """List all emails in all languages."""
    page = render_template(
        "staff/mail_previews.html",
        page_title="Email previews",
        names=list(samples()),
        languages=languages(),
    )
    return _with_policy(make_response(page), _PAGE_POLICY)


@blueprint.get("/<name>")
@needs(StaffRole.viewer)
def email(name: str) -> Response:
    """Show one email: its subject, and its HTML and plain-text bodies in frames."""
    sample, locale = _asked(name)
    shown = _rendered(sample, locale)
    page = render_template(
        "staff/mail_preview.html",
        page_title=f"{shown.subject} (sample)",
        name=name,
        email=shown,
        email_locale=locale,
        languages=languages(),
        kilobytes=f"{len(shown.html.encode()) / 1024:.1f}",
    )
    return _with_policy(make_response(page), _PAGE_POLICY)


@blueprint.get("/<name>.html")
@needs(StaffRole.viewer)
def html(name: str) -> Response:
    """Return the HTML body as it is sent."""
    sample, locale = _asked(name)
    return _with_policy(
        Response(_rendered(sample, locale).html, mimetype="text/html"), EMAIL_POLICY
    )


@blueprint.get("/<name>.txt")
@needs(StaffRole.viewer)
def text(name: str) -> Response:
    """Return the plain-text body as it is sent."""
    sample, locale = _asked(name)
    return _with_policy(
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


def _with_policy(response: Response, policy: str) -> Response:
    response.headers["Content-Security-Policy"] = policy
    return response
