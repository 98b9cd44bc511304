"""What staff do: give a gift back by `campaign refund`, which may be killed under their hands as well."""

import subprocess
import sys
import time
from collections.abc import Iterator

from tests.chaos.donors import PATIENCE, PAUSE, Donor
from tests.chaos.house import House
from tests.chaos.supervision import ROOT

SECONDS = 60.0


def give_back(house: House, donor: Donor) -> None:
    """A third of the gift, asked for once it is in the books.

    Whoever sees the command die looks whether the refund is written down. If it is, the workers finish it.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not (donation := _paid(house, donor)):
        time.sleep(PAUSE)
    while time.monotonic() < deadline:
        amount = f"{donor.asked_back // 100}.{donor.asked_back % 100:02}"
        done = subprocess.run(
            [*COMMAND, "refund", donation, "--amount", amount, "--yes"],
            cwd=ROOT,
            env=house.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            start_new_session=True,  # its group may be killed, and must not be ours
        )
        donor.answers.append(f"campaign refund: {done.returncode} {done.stderr.strip()[-200:]}")
        if done.returncode == 0 or _written_down(house, donation):
            return
        time.sleep(PAUSE)
    donor.turned_away = True


COMMAND = (sys.executable, "-m", "tests.chaos.victim", "command")


def _paid(house: House, donor: Donor) -> str:
    found = _asked(
        house, "SELECT public_id FROM donation WHERE email = %s AND state = 'paid'", donor.email
    )
    return next(found, "")


def _written_down(house: House, donation: str) -> bool:
    found = _asked(
        house,
        """
        SELECT refund.state FROM refund JOIN donation ON donation.id = refund.donation_id
        WHERE donation.public_id = %s AND refund.state <> 'refused'
        """,
        donation,
    )
    return any(True for _ in found)


def _asked(house: House, query: str, value: str) -> Iterator[str]:
    """The first column; again and again where PostgreSQL is away."""
    for (found,) in house.patient_rows(query, value):
        yield str(found)
