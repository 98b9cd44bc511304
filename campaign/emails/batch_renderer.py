"""Render a batch of campaign emails: once for all recipients, then merged for each."""

from campaign.core import clock
from campaign.emails.contexts import ObsoleteEmail, Sender, build_email_context
from campaign.mailer.addresses import bounce_address
from campaign.mailer.headers import bulk_headers
from campaign.mailer.kinds import EmailKind
from campaign.mailer.merge_fields import NAME, UNSUBSCRIBE_URL, fill
from campaign.mailer.message import build_message
from campaign.mailer.outbox import EmailClaim
from campaign.mailer.providers.headers import provider_headers
from campaign.mailer.render import RenderedEmail, render_email
from campaign.runtime.context import Installation


def envelope_sender(installation: Installation, claim: EmailClaim) -> str:
    """Return the address that bounces of this message go to, or '' for the default sender."""
    bounces = installation.settings.mail.bounces
    return bounce_address(bounces, claim.token) if bounces else ""


class BatchRenderer:
    """The emails of one batch, rendered once per kind, step and language and merged for each recipient.

    An invitation to move a monthly gift is rendered once for each amount.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._sender = Sender(installation.settings.organization, installation.address)
        self._rendered: dict[tuple[object, ...], RenderedEmail] = {}

    def message(self, claim: EmailClaim) -> bytes | ObsoleteEmail:
        """Return the complete message in bytes, or why it is obsolete."""
        shared = self._render(claim)
        if isinstance(shared, ObsoleteEmail):
            return shared
        settings = self._installation.settings
        page = self._installation.address(f"/unsubscribe/{claim.token}")
        about = (f"c{claim.campaign_id or 0}", f"s{claim.step_id or 0}", claim.kind)
        return build_message(
            fill(shared, {NAME: claim.name, UNSUBSCRIBE_URL: page}),
            sender=settings.mail_from,
            recipient=claim.recipient,
            message_id=claim.message_id,
            at=clock.now(),
            headers={
                **bulk_headers(settings.mail_from, settings.organization.name, page, about),
                **provider_headers(settings.mail.providers, claim.token, bulk=True),
            },
        )

    def _render(self, claim: EmailClaim) -> RenderedEmail | ObsoleteEmail:
        own = tuple(sorted(claim.details.items())) if claim.kind == EmailKind.move_over else ()
        key = (claim.kind, claim.campaign_id, claim.step_id, claim.locale, own)
        if key not in self._rendered:
            with self._installation.sessions() as session:
                context = build_email_context(session, claim, self._sender)
            if isinstance(context, ObsoleteEmail):
                return context
            self._rendered[key] = render_email(claim.kind, context)
        return self._rendered[key]
