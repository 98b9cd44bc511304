"""How long a run of campaign emails lasts, over how many connections, and what it leaves to the next."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from campaign.core import clock
from campaign.core.settings import SmtpAddress
from campaign.core.task_queue import OUTBOX, TaskNotifier
from campaign.emails import bulk
from campaign.emails.bulk import BulkRun, deliver_bulk
from campaign.emails.delivery import deliver_due
from campaign.mailer import outbox
from campaign.models import Campaign
from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from tests.support.campaign_emails import messages, queue_appeals, readers

WithMail = Callable[..., Installation]
UNREACHABLE = SmtpAddress("127.0.0.1", 9)


class Notices(TaskNotifier):
    """Keeps the names of the tasks that were asked for."""

    def __init__(self) -> None:
        super().__init__(None)
        self.tasks: list[str] = []

    def __call__(self, task: str) -> bool:
        self.tasks.append(task)
        return True


@pytest.fixture
def with_mail(mailing: Installation) -> WithMail:
    def changed(**changes: object) -> Installation:
        settings = mailing.settings
        mail = replace(settings.mail, **changes)
        return replace(mailing, settings=replace(settings, mail=mail), notify=Notices())

    return changed


def states(installation: Installation) -> list[tuple[str, int]]:
    return [(row.state, row.attempts) for row in messages(installation)]


@pytest.mark.parametrize(
    ("due", "connections", "opened"),
    [(0, 4, 0), (1, 4, 1), (10, 4, 1), (11, 4, 2), (31, 3, 3), (11, 1, 1), (81, 20, 8)],
)
def test_there_is_a_connection_for_every_ten_emails_up_to_the_limit(
    with_mail: WithMail,
    campaign: Campaign,
    monkeypatch: pytest.MonkeyPatch,
    due: int,
    connections: int,
    opened: int,
) -> None:
    installation = with_mail(connections=connections)
    queue_appeals(installation, campaign, *readers(due))
    later = {"next_attempt_at": clock.now() + timedelta(hours=1)}
    queue_appeals(installation, campaign, *(f"later-{one}" for one in readers(15)), **later)
    queue_appeals(
        installation, campaign, *(f"receipt-{one}" for one in readers(15)), bulk=False, step_id=None
    )
    begun: list[float] = []

    def count(_installation: Installation, ends: float) -> int:
        begun.append(ends)
        return 1

    monkeypatch.setattr(bulk, "deliver_bulk", count)
    with BulkRun(installation) as run:
        pass
    assert (len(begun), run.tried) == (opened, opened)


def test_a_run_whose_time_is_up_ends_with_its_email_and_asks_for_another(
    with_mail: WithMail,
    mailbox: MailReceiver,
    campaign: Campaign,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Ten seconds' worth is claimed ahead; the run is over after the first email.
    installation = with_mail(connections=1, rate=Decimal(2))
    monkeypatch.setattr(bulk, "MAX_RUN_TIME", timedelta(seconds=0.3))
    queue_appeals(installation, campaign, *readers(5))
    tried = deliver_due(installation)
    sent = [one for one in states(installation) if one == ("sent", 1)]
    assert 1 <= tried == len(sent) < 5
    assert set(states(installation)) == {("sent", 1), ("queued", 0)}
    assert isinstance(installation.notify, Notices)
    assert installation.notify.tasks == [OUTBOX]
    assert len(mailbox.messages) == tried


def test_a_run_that_sent_everything_asks_for_no_other(
    with_mail: WithMail, mailbox: MailReceiver, campaign: Campaign
) -> None:
    installation = with_mail(connections=1)
    queue_appeals(installation, campaign, *readers(3))
    assert deliver_due(installation) == 3
    assert isinstance(installation.notify, Notices)
    assert installation.notify.tasks == []


def test_a_slow_batch_is_released_before_its_lease_ends(
    with_mail: WithMail,
    mailbox: MailReceiver,
    campaign: Campaign,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installation = with_mail(connections=1)
    queue_appeals(installation, campaign, *readers(3))
    monkeypatch.setattr(outbox, "TIME_FOR_A_BATCH", timedelta(microseconds=1))
    assert deliver_bulk(installation, time.monotonic() + 30) == 0
    assert states(installation) == [("queued", 0)] * 3
    assert {row.begun_at for row in messages(installation)} == {None}
    assert mailbox.messages == []


@pytest.mark.parametrize(
    ("rate", "connections", "claimed"),
    [
        # As many as can be sent in ten seconds at one connection's share of the rate.
        (Decimal("0.5"), 1, 5),
        (Decimal("0.5"), 2, 2),
        (Decimal("0.01"), 1, 1),
        (Decimal(1000), 1, 12),
    ],
)
def test_no_more_is_claimed_than_can_be_sent_soon(
    with_mail: WithMail,
    campaign: Campaign,
    rate: Decimal,
    connections: int,
    claimed: int,
) -> None:
    installation = with_mail(rate=rate, connections=connections)
    installation = replace(installation, settings=replace(installation.settings, smtp=UNREACHABLE))
    queue_appeals(installation, campaign, *readers(12))
    assert deliver_bulk(installation, time.monotonic() + 30) == 0
    # Nobody could be reached: each that was claimed has used an attempt.
    assert (
        sorted(states(installation)) == [("queued", 0)] * (12 - claimed) + [("queued", 1)] * claimed
    )
