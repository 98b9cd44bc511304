"""The installation: settings and the objects built from them. Web, workers and commands each create one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from campaign.core.booking_context import BookingContext
from campaign.core.database import Sessions, make_engine, make_sessions
from campaign.core.settings import Settings, load_settings
from campaign.core.task_queue import TaskNotifier
from campaign.gateway import TIMEOUT
from campaign.mailer.transport import Transport

if TYPE_CHECKING:
    from campaign.gateway.client import StripeGateway


@dataclass(frozen=True)
class Installation:
    """What web, workers and commands share. Pass another `make_gateway` to replace the Stripe client."""

    settings: Settings
    engine: Engine
    sessions: Sessions
    make_gateway: "Callable[[], StripeGateway]"
    notify: TaskNotifier

    @cached_property
    def gateway(self) -> "StripeGateway":
        """Return the Stripe client, created on first use."""
        return self.make_gateway()

    @cached_property
    def books(self) -> BookingContext:
        return BookingContext(self.settings.organization, self.settings.mail_from.domain)

    def transport(self) -> Transport:
        """Return a connection to the mail server, for one batch."""
        return Transport(self.settings.smtp, self.settings.mail_from.address)

    def address(self, path: str) -> str:
        """Return the public URL of `path`, which begins with a slash."""
        return self.settings.site_url + path


def make_installation(
    settings: Settings | None = None, *, broker: bool = True, patience: float = TIMEOUT
) -> Installation:
    """Create an installation from `settings`, or from the environment; raises ConfigurationError.

    `patience` is the timeout in seconds for one attempt of a request to Stripe.
    """
    settings = settings or load_settings(broker=broker)
    engine = make_engine(settings.database_url, secret_keys=settings.secret_keys)

    def make_gateway() -> "StripeGateway":
        # Imported here because most commands do not call Stripe and should not wait for its SDK to load.
        from campaign.gateway.client import StripeGateway  # noqa: PLC0415

        return StripeGateway(settings.stripe_secret_key, settings.stripe_api_base, timeout=patience)

    return Installation(
        settings=settings,
        engine=engine,
        sessions=make_sessions(engine),
        make_gateway=make_gateway,
        notify=TaskNotifier(settings.broker_url),
    )
