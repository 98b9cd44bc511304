"""Play a campaign with a clock that jumps, a real database and a real mail server, and collect who got what when."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from unittest.mock import patch

from sqlalchemy import select

from campaign.campaigns.progress import read_progress
from campaign.core import clock
from campaign.core.settings import SmtpAddress
from campaign.emails.delivery import deliver_due
from campaign.models import Campaign, CampaignStep, OutboxMessage
from campaign.outreach import countdown
from campaign.outreach.extension_notices import DeadlineRequest, extend_and_tell
from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from tests.countdown import world as scene
from tests.countdown.world import World

STEP = timedelta(hours=1)
NOWHERE = SmtpAddress("127.0.0.1", 9)


@dataclass(frozen=True)
class Arrived:
    """An email that arrived: its kind, or its step's key for appeals."""

    email: str
    what: str
    at: datetime
    subject: str
    text: str


class Clock:
    """The time of the simulation, in place of the system's."""

    def __init__(self, now: datetime) -> None:
        self.now = now.astimezone(UTC)

    @contextmanager
    def running(self) -> Iterator[None]:
        with patch.object(clock, "now", lambda: self.now):
            yield


class Simulation:
    """One campaign from an hour before its opening to three days after its end."""

    def __init__(self, installation: Installation, receiver: MailReceiver, world: World) -> None:
        self.world = world
        self.told = 0
        self._receiver = receiver
        self._online = _with_smtp(installation, SmtpAddress("127.0.0.1", receiver.port))
        self._offline = _with_smtp(installation, NOWHERE)
        self._clock = Clock(scene.STARTS - timedelta(hours=1))
        self._seen = 0
        self._steps: dict[str, str] = {}
        self.arrived: list[Arrived] = []

    def run(self) -> None:
        with self._clock.running():
            with self._online.sessions.begin() as session:
                self._campaign = self.world.begin(session).id
            while self._clock.now < scene.ENDS + timedelta(days=3):
                self._tick()
                self._clock.now += STEP

    def _tick(self) -> None:
        now = self._clock.now
        with self._online.sessions.begin() as session:
            self.world.act(session, self._campaign, now)
        if now == scene.EXTENDED_AT:
            self._extend(now)
        if now == scene.GOAL_MET_AT:
            self._meet_goal(now)
        with self._online.sessions.begin() as session:
            domain = self._online.settings.mail_from.domain
            countdown.queue_due(session, self._campaign, now, domain)
        out = scene.OUTAGE[0] <= now < scene.OUTAGE[1]
        if out:
            deliver_due(self._offline)
        else:
            while deliver_due(self._online):
                pass
        self._collect()

    def _extend(self, now: datetime) -> None:
        with self._online.sessions.begin() as session:
            campaign = session.get_one(Campaign, self._campaign)
            move = DeadlineRequest(
                scene.NEW_END, "a storm kept the mail away for two days", "the editor"
            )
            domain = self._online.settings.mail_from.domain
            self.told = extend_and_tell(session, campaign, move, now, domain).told

    def _meet_goal(self, now: datetime) -> None:
        with self._online.sessions.begin() as session:
            campaign = session.get_one(Campaign, self._campaign)
            missing = campaign.goal - read_progress(session, campaign, now).raised
            if missing > 0:
                self.world.give(session, campaign.id, scene.FOUNDATION, missing, now)

    def _collect(self) -> None:
        """Read what arrived since the last time, and let its readers act."""
        fresh = self._receiver.messages[self._seen :]
        self._seen += len(fresh)
        if not fresh:
            return
        with self._online.sessions() as session:
            rows = session.execute(
                select(OutboxMessage.message_id, OutboxMessage.kind, CampaignStep.key).outerjoin(
                    CampaignStep, CampaignStep.id == OutboxMessage.step_id
                )
            )
            kinds = {row.message_id: row.key if row.kind == "appeal" else row.kind for row in rows}
        for mail in fresh:
            message = mail.message
            body = message.get_body(("plain",))
            found = Arrived(
                mail.recipients[0],
                kinds[str(message["Message-ID"])],
                parsedate_to_datetime(str(message["Date"])).astimezone(UTC),
                mail.subject,
                body.get_content() if body else "",
            )
            if found.email == scene.FOUNDATION:
                continue
            self.arrived.append(found)
            if found.what not in {"thank_you", "wrap_up"}:
                self.world.read(found.email, found.at)


def _with_smtp(installation: Installation, smtp: SmtpAddress) -> Installation:
    return replace(installation, settings=replace(installation.settings, smtp=smtp))
