"""Every sample email, rendered and filled like the worker does when it sends them."""

from functools import cache

from campaign.core.settings import Organization
from campaign.emails import sample_facts
from campaign.emails.samples import samples
from campaign.mailer.email_context import Sender
from campaign.mailer.merge_fields import NAME, UNSUBSCRIBE_URL, fill
from campaign.mailer.render import RenderedEmail, render_email

SITE = "https://give.example.org"
STRIPE_PAGE = "https://invoice.stripe.com/"

ORGANIZATION = Organization(
    name="The Harbor Ledger",
    ein="12-3456789",
    address_lines=("214 Wharf Street", "Astoria, OR 97103"),
    timezone="America/Los_Angeles",
    email="giving@harbor-ledger.example",
    registration="Registered charity in the State of Oregon, 123456.",
)
SENDER = Sender(ORGANIZATION, lambda path: SITE + path)
MERGE_FIELDS = {NAME: sample_facts.NAME, UNSUBSCRIBE_URL: f"{SITE}/unsubscribe/sample-email"}

EVERY_SAMPLE = [(name, locale) for locale in ("en", "es") for name in samples()]
BULK = {"appeal", "extension", "reminder", "wrap_up", "thank_you", "move_over"}


@cache
def sample_email(name: str, locale: str = "en") -> RenderedEmail:
    """Return the sample email `name` as it would be sent."""
    sample = samples()[name]
    return fill(render_email(sample.kind, sample.make(SENDER, locale)), MERGE_FIELDS)
