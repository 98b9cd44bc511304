"""One running installation: settings and everything made from them. Web, workers and commands each make one."""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Engine

from campaign.core.booking_context import Books
from campaign.core.database import Sessions, make_engine, make_sessions
from campaign.core.settings import Settings, load_settings
from campaign.core.task_queue import Nudge
from campaign.gateway import TIMEOUT, StripeGateway
from campaign.mailer.transport import Transport


@dataclass(frozen=True)
class Installation:
    """What the edges share. Give another gateway to talk to something else than `settings.stripe_api_base`."""

    settings: Settings
    engine: Engine
    sessions: Sessions
    gateway: StripeGateway
    nudge: Nudge

    @cached_property
    def books(self) -> Books:
        return Books(self.settings.organization, self.settings.mail_from.domain)

    def transport(self) -> Transport:
        """A connection to the mail server, for one batch."""
        return Transport(self.settings.smtp, self.settings.mail_from.address)

    def address(self, path: str) -> str:
        """The public address of `path`, which begins with a slash."""
        return self.settings.site_url + path


def make_installation(
    settings: Settings | None = None, *, broker: bool = True, patience: float = TIMEOUT
) -> Installation:
    """An installation of `settings`, or of the environment; raises ConfigurationError.

    `patience` is how many seconds one try of a call to Stripe may take.
    """
    settings = settings or load_settings(broker=broker)
    engine = make_engine(settings.database_url)
    return Installation(
        settings=settings,
        engine=engine,
        sessions=make_sessions(engine),
        gateway=StripeGateway(
            settings.stripe_secret_key, settings.stripe_api_base, timeout=patience
        ),
        nudge=Nudge(settings.broker_url),
    )
