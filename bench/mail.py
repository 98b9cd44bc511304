"""Campaign emails sent by one worker, beside smtplib sending the same bytes to the same server."""

import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import cast

from sqlalchemy import delete, select

from bench.figures import Figure, in_turn
from bench.serving import ROOT, fresh_installation
from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core import clock
from campaign.core.settings import SmtpAddress
from campaign.emails import bulk_claims
from campaign.emails.batch_renderer import BatchRenderer
from campaign.emails.delivery import deliver_due
from campaign.mailer.kinds import EmailKind
from campaign.models import CampaignStep, OutboxMessage
from campaign.models.base import new_token
from campaign.runtime.context import Installation

MAILS = 600


def mail() -> Iterator[Figure]:
    """Measure one connection and four. Sender and server share this machine."""
    with _sink() as port, fresh_installation() as installation:
        ready = _reaching(installation, port)
        step = _open_step(ready)
        sample = _sample(ready, step)

        def send(connections: int) -> float:
            return _send(_with_connections(ready, connections), step)

        one, four, bare = in_turn(
            lambda: send(1), lambda: send(4), lambda: _say(port, sample, ready)
        )
    limit = "smtplib, one connection"
    yield Figure("mail: appeals over one connection", one, limit, bare)
    yield Figure("mail: appeals over four connections", four, limit, bare)


def _reaching(installation: Installation, port: int) -> Installation:
    smtp = SmtpAddress("127.0.0.1", port)
    return replace(installation, settings=replace(installation.settings, smtp=smtp))


def _with_connections(installation: Installation, connections: int) -> Installation:
    mail_settings = replace(installation.settings.mail, connections=connections)
    return replace(installation, settings=replace(installation.settings, mail=mail_settings))


def _open_step(installation: Installation) -> CampaignStep:
    with installation.sessions.begin() as session:
        made = NewCampaign(
            slug="bench",
            title="Keep every story free to read",
            goal="50000",
            deadline="2099-12-31",
            timezone="America/Los_Angeles",
            appeal="Tonight the commission votes.",
        )
        campaign = create_campaign(session, made)
        query = select(CampaignStep).where(
            CampaignStep.campaign_id == campaign.id, CampaignStep.key == "opening"
        )
        return session.scalars(query).one()


def _queue(installation: Installation, step: CampaignStep, number: int) -> None:
    at = clock.now()
    # A time zone where it is noon now, outside quiet hours.
    zone = f"Etc/GMT{at.hour - 12:+d}"
    with installation.sessions.begin() as session:
        session.execute(delete(OutboxMessage))
        session.add_all(
            OutboxMessage(
                kind=EmailKind.appeal,
                subject_key=f"{step.id}:reader{each}@example.org",
                campaign_id=step.campaign_id,
                step_id=step.id,
                recipient=f"reader{each}@example.org",
                name=f"Reader {each}",
                timezone=zone,
                bulk=True,
                message_id=f"<appeal-{new_token()}@harborledger.example>",
                next_attempt_at=at,
                expires_at=at + timedelta(days=1),
            )
            for each in range(number)
        )


def _send(installation: Installation, step: CampaignStep) -> float:
    _queue(installation, step, MAILS)
    begun, tried = time.perf_counter(), 0
    while found := deliver_due(installation):
        tried += found
    return tried / (time.perf_counter() - begun)


def _sample(installation: Installation, step: CampaignStep) -> bytes:
    _queue(installation, step, 1)
    with installation.sessions.begin() as session:
        [claim] = bulk_claims.claim_bulk(session, clock.now(), 1).claims
    message = BatchRenderer(installation).message(claim)
    return cast("bytes", message)


def _say(port: int, message: bytes, installation: Installation) -> float:
    sender = installation.settings.mail_from.address
    begun = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port, "bench.localhost") as connection:
        for each in range(MAILS):
            connection.sendmail(sender, [f"reader{each}@example.org"], message)
    return MAILS / (time.perf_counter() - begun)


@contextmanager
def _sink() -> Iterator[int]:
    command: Sequence[str] = [sys.executable, "-m", "bench.sink"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own server
        try:
            if process.stdout is None:
                raise RuntimeError("the mail sink did not start")
            yield int(process.stdout.readline())
        finally:
            process.terminate()
