"""Simulate staff, who refund gifts with `campaign refund`. That command may be killed as well."""

import subprocess
import sys
import time
from collections.abc import Iterator

from tests.chaos.donors import GIVE_UP_SECONDS, PAUSE, Donor
from tests.chaos.service import ServiceUnderTest
from tests.chaos.supervision import ROOT

SECONDS = 60.0


def refund_gift(service: ServiceUnderTest, donor: Donor) -> None:
    """Refund a third of the gift once it is paid.

    If the command is killed, check whether the refund was recorded. If so, the workers finish it.
    """
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < deadline and not (donation := _paid(service, donor)):
        time.sleep(PAUSE)
    while time.monotonic() < deadline:
        amount = f"{donor.refund_amount // 100}.{donor.refund_amount % 100:02}"
        done = subprocess.run(
            [*COMMAND, "refund", donation, "--amount", amount, "--yes"],
            cwd=ROOT,
            env=service.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            start_new_session=True,  # its group may be killed, and must not be ours
        )
        donor.answers.append(f"campaign refund: {done.returncode} {done.stderr.strip()[-200:]}")
        if done.returncode == 0 or _is_recorded(service, donation):
            return
        time.sleep(PAUSE)
    donor.turned_away = True


COMMAND = (sys.executable, "-m", "tests.chaos.victim", "command")


def _paid(service: ServiceUnderTest, donor: Donor) -> str:
    found = _first_column(
        service, "SELECT public_id FROM donation WHERE email = %s AND state = 'paid'", donor.email
    )
    return next(found, "")


def _is_recorded(service: ServiceUnderTest, donation: str) -> bool:
    found = _first_column(
        service,
        """
        SELECT refund.state FROM refund JOIN donation ON donation.id = refund.donation_id
        WHERE donation.public_id = %s AND refund.state <> 'refused'
        """,
        donation,
    )
    return any(True for _ in found)


def _first_column(service: ServiceUnderTest, query: str, value: str) -> Iterator[str]:
    """Yield the first column. Retry while PostgreSQL is unavailable."""
    for (found,) in service.rows_with_retry(query, value):
        yield str(found)
