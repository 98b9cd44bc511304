"""Kill workers while they send emails, and count what arrives.

The workers are real processes, killed with SIGKILL: some at any moment, some exactly when the mail server has
received an email and has not responded yet. A lease takes minutes in production and seconds here.
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


class KillingReceiver(MailReceiver):
    """When armed, kill the worker that has just transferred an email, before responding."""

    def __init__(self, storm: "Storm") -> None:
        super().__init__()
        self._storm = storm
        self.armed = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        reply = await super().handle_DATA(server, session, envelope)
        if self.armed and session.peer and self._storm.kill_worker_on(session.peer[1]):
            self.armed = False
        return reply


class Storm:
    """The workers and their killer."""

    def __init__(self, environ: dict[str, str], kills: int, seed: int) -> None:
        self.outcome = Outcome()
        self._kills = kills
        self._chance = random.Random(seed)
        self._server = KillingReceiver(self)
        self._environ = environ
        self._workers: list[BaseProcess] = []

    def run(self, installation: Installation, timeout: float) -> Outcome:
        """Run until nothing is waiting. Raises TimeoutError after `timeout` seconds."""
        with self._server:
            self._environ |= {"SMTP_URL": self._server.url}
            deadline = time.monotonic() + timeout
            try:
                self._kill_until_done(installation, deadline)
            finally:
                for worker in self._workers:
                    worker.kill()
                    worker.join()
            self.outcome.rows = messages(installation)
            received = self._server.messages
        self.outcome.arrived = Counter(str(mail.message["Message-ID"]) for mail in received)
        return self.outcome

    def _kill_until_done(self, installation: Installation, deadline: float) -> None:
        every = max(1, _waiting(installation) // (self._kills + 1))
        while waiting := _waiting(installation):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{waiting} emails are still waiting")
            self._start_workers()
            received = len(self._server.messages)
            if self.outcome.kills < self._kills and received >= every * (self.outcome.kills + 1):
                self._kill_one()
            time.sleep(self._chance.random() * 0.04)

    def _start_workers(self) -> None:
        self._workers = [worker for worker in self._workers if worker.is_alive()]
        while len(self._workers) < WORKERS:
            worker = _FORKS.Process(target=work, args=(self._environ,), daemon=True)
            worker.start()
            self._workers.append(worker)

    def _kill_one(self) -> None:
        """Kill a random worker now, or the next one that transfers an email."""
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

    def kill_worker_on(self, port: int) -> bool:
        """Kill the worker that is connected from `port`. Return False if there is none."""
        for worker in self._workers:
            try:
                ports = {one.laddr.port for one in psutil.Process(worker.pid).net_connections()}
            except psutil.Error:
                continue
            if port in ports:
                worker.kill()
                worker.join()
                self.outcome.kills += 1
                self.outcome.during_transfer += 1
                return True
        return False


def environment(database_url: str) -> dict[str, str]:
    """Return the settings of a worker, which reaches only the database and the mail server."""
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


def silence_logs() -> None:
    """Silence log lines, because thousands of them would hide the report."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def work(environ: dict[str, str]) -> None:
    """Send emails until killed."""
    silence_logs()
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
    """Create paid gifts, each with a receipt in the outbox, and appeals to other people."""
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
    environ: dict[str, str], *, appeals: int, receipts: int, kills: int, seed: int, timeout: float
) -> Outcome:
    """Run a storm on the migrated, empty database in `environ`."""
    installation = make_installation(load_settings(environ, broker=False))
    try:
        _fill(installation, appeals, receipts)
        return Storm(environ, kills, seed).run(installation, timeout)
    finally:
        installation.engine.dispose()
