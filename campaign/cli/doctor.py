"""`campaign doctor`: check the installation."""

import click

from campaign.core.errors import CampaignError
from campaign.doctor.checks import run_checks
from campaign.doctor.findings import Level
from campaign.runtime.context import make_installation


@click.command("doctor")
def doctor() -> None:
    """Check how this installation is set up at Stripe.

    It only reads. Each line says what is right, worth knowing, or a fault with what to do. Exit 1 if there is a fault.
    """
    faults = 0
    for name, found in run_checks(make_installation(broker=False)):
        faults += found.level == Level.fault
        click.echo(f"{found.level.value:<6}{name}: {' '.join(found.text.split())}")
    if faults:
        what = "1 fault" if faults == 1 else f"{faults} faults"
        raise CampaignError(f"{what} found. Do what each line that begins with `fault` says.")
