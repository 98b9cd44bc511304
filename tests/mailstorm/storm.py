"""Workers killed in the middle of their letters: who got what, and how often.
The workers are real processes, killed with SIGKILL: some at any moment, some in the very moment in which the mail
server has a letter and has not answered yet. A lease that is minutes in life is seconds here.
"""

import json
import logging
import multiprocessing
import random
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from multiprocessing.process import BaseProcess

import psutil
import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import func, select

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core import clock
from campaign.core.settings import load_settings
from campaign.donations.donations import Gift, begin_donation
from campaign.emails.delivery import deliver_due
from campaign.gateway import read_event
from campaign.mailer import outbox
from campaign.models import OutboxMessage
from campaign.runtime.context import Installation, make_installation
from campaign.stripe_events.inbox import store_event
from campaign.stripe_events.process import apply_due_events
from sandbox.outbox.receiver import MailReceiver
from tests.mailstorm.outcome import Outcome
from tests.support.campaign_emails import messages, queue_appeals, readers
from tests.support.stripe import Facts

WORKERS = 3
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.mailstorm.storm"])


class Ambush(MailReceiver):
    """Kills, when it is armed, whoever has just handed it a letter, and answers nobody."""

    def __init__(self, storm: "Storm") -> None:
        super().__init__()
        self._storm = storm
        self.armed = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        said = await super().handle_DATA(server, session, envelope)
        if self.armed and session.peer and self._storm.kill_speaker(session.peer[1]):
            self.armed = False
        return said


class Storm:
    """The workers, and who kills them."""

    def __init__(self, environ: dict[str, str], kills: int, seed: int) -> None:
        self.outcome = Outcome()
        self._kills = kills
        self._chance = random.Random(seed)
        self._server = Ambush(self)
        self._environ = environ
        self._workers: list[BaseProcess] = []

    def rage(self, installation: Installation, patience: float) -> Outcome:
        """Until nothing waits any more; TimeoutError after `patience` seconds."""
        with self._server:
            self._environ |= {"SMTP_URL": self._server.url}
            ends = time.monotonic() + patience
            try:
                self._fight(installation, ends)
            finally:
                for worker in self._workers:
                    worker.kill()
                    worker.join()
            self.outcome.rows = messages(installation)
            received = self._server.messages
        self.outcome.arrived = Counter(str(mail.message["Message-ID"]) for mail in received)
        return self.outcome

    def _fight(self, installation: Installation, ends: float) -> None:
        every = max(1, _waiting(installation) // (self._kills + 1))
        while waiting := _waiting(installation):
            if time.monotonic() > ends:
                raise TimeoutError(f"{waiting} letters still wait")
            self._man()
            come = len(self._server.messages)
            if self.outcome.kills < self._kills and come >= every * (self.outcome.kills + 1):
                self._strike()
            time.sleep(self._chance.random() * 0.04)

    def _man(self) -> None:
        self._workers = [worker for worker in self._workers if worker.is_alive()]
        while len(self._workers) < WORKERS:
            worker = _FORKS.Process(target=work, args=(self._environ,), daemon=True)
            worker.start()
            self._workers.append(worker)

    def _strike(self) -> None:
        """One at any moment; or the next that hands over a letter."""
        if self._chance.random() < 0.5:
            self._server.armed = True
            for _ in range(100):
                if not self._server.armed:
                    return
                time.sleep(0.01)
            self._server.armed = False
        worker = self._chance.choice(self._workers)
        worker.kill()
        worker.join()
        self.outcome.kills += 1

    def kill_speaker(self, port: int) -> bool:
        """The worker whose end of a connection is `port`."""
        for worker in self._workers:
            try:
                ports = {one.laddr.port for one in psutil.Process(worker.pid).net_connections()}
            except psutil.Error:
                continue
            if port in ports:
                worker.kill()
                worker.join()
                self.outcome.kills += 1
                self.outcome.at_the_letter += 1
                return True
        return False


def environment(database_url: str) -> dict[str, str]:
    """The settings of a worker; nothing but the database and the mail server is reached."""
    return {
        "DATABASE_URL": database_url,
        "SECRET_KEY": "s" * 40,
        "SITE_URL": "http://localhost",
        "STRIPE_SECRET_KEY": "sk_test_storm",
        "STRIPE_WEBHOOK_SECRET": "whsec_storm",
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "SMTP_URL": "smtp://127.0.0.1:9",
        "MAIL_FROM": "The Harbor Ledger <news@harbor-ledger.example>",
        "ORG_NAME": "The Harbor Ledger",
        "ORG_EIN": "12-3456789",
        "ORG_ADDRESS": "1 Wharf Street|Astoria, OR 97103",
        "ORG_TIMEZONE": "America/Los_Angeles",
    }


def be_quiet() -> None:
    """A line for each of thousands of letters would drown the account."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def work(environ: dict[str, str]) -> None:
    """What a worker does, until it is killed."""
    be_quiet()
    outbox.LEASE = timedelta(seconds=3)
    outbox.TIME_FOR_A_BATCH = timedelta(seconds=1)
    outbox.BACKOFF = replace(outbox.BACKOFF, first=timedelta(seconds=0.5))
    installation = make_installation(load_settings(environ, broker=False))
    while True:
        deliver_due(installation)
        time.sleep(0.1)


def _waiting(installation: Installation) -> int:
    query = select(func.count()).where(OutboxMessage.state.in_(outbox.WAITING))
    with installation.sessions() as session:
        return session.scalar(query) or 0


def _fill(installation: Installation, appeals: int, receipts: int) -> None:
    """Gifts that were paid, each with its receipt in the outbox; and appeals to others."""
    with installation.sessions.begin() as session:
        made = NewCampaign(
            slug="nine-days",
            title="Keep every story free to read",
            goal="50000",
            deadline="2099-12-31",
            timezone="America/Los_Angeles",
            appeal="Tonight the commission votes.",
        )
        campaign = create_campaign(session, made)
        for each in range(receipts):
            gift = Gift(f"donor{each}@example.org", 2500, "one_time", f"attempt-{each}")
            facts = Facts(begin_donation(session, campaign, gift, clock.now()))
            body = json.dumps(facts.completed()).encode()
            store_event(session, read_event(body), body)
    queue_appeals(installation, campaign, *readers(appeals))
    apply_due_events(installation)


def run_storm(
    environ: dict[str, str], *, appeals: int, receipts: int, kills: int, seed: int, patience: float
) -> Outcome:
    """On the migrated, empty database that `environ` names."""
    installation = make_installation(load_settings(environ, broker=False))
    try:
        _fill(installation, appeals, receipts)
        return Storm(environ, kills, seed).rage(installation, patience)
    finally:
        installation.engine.dispose()
