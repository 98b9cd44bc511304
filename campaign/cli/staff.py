"""`campaign staff add|list|deactivate|reset-second-factor`: manage the team."""

import click

from campaign.audit.audit_log import Actor
from campaign.auth.policies import STAFF_LINK
from campaign.auth.staff import make_staff_link
from campaign.core import clock
from campaign.models import StaffRole
from campaign.runtime.context import make_installation
from campaign.staff import members
from campaign.staff.members import Added
from campaign.staff.second_factor import has_second_factor, reset_second_factor


@click.group("staff")
def staff() -> None:
    """Manage the team and its roles."""


@staff.command("add")
@click.argument("email")
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.value for role in StaffRole]),
    help="viewer: read only; finance: also donations and the ledger; admin: also campaigns and the team.",
)
@click.option("--name", default="", help="Their name.")
def add(email: str, role: str, name: str) -> None:
    """Add EMAIL to the team and print a sign-in link.

    The link works once, within 24 hours. If EMAIL is already on the team, this prints a new link, for example after a
    lost password. It also changes the role if you give a different one, and reactivates a deactivated member.
    """
    installation = make_installation(broker=False)
    who, at = Actor.command_line(), clock.now()
    with installation.sessions.begin() as session:
        added = members.add_member(session, email, StaffRole(role), who, at, name=name)
        path = make_staff_link(session, added.member, who.name, at, STAFF_LINK)
        second_factor = has_second_factor(session, added.member)
    for line in _changes(added):
        click.echo(line, err=True)
    if second_factor:
        click.echo(
            "They also need their second factor to sign in."
            f" To remove it: campaign staff reset-second-factor {added.member.email}",
            err=True,
        )
    click.echo(installation.address(path))


def _changes(added: Added) -> list[str]:
    email, role = added.member.email, added.member.role
    if added.new:
        return [f"Added {email} to the team as {role}."]
    lines = [f"{email} is active again."] if added.reactivated else []
    if added.previous_role is not None:
        lines.append(
            f"Changed the role of {email} from {added.previous_role} to {role}; signed out everywhere."
        )
    return lines or [f"{email} is already on the team as {role}. Here is a new link."]


@staff.command("list")
def list_all() -> None:
    """List the team.

    Prints one member per line: address, role, state, last sign-in and name, separated by tabs.
    """
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        for one in members.list_members(session):
            last = one.signed_in_at.isoformat(timespec="seconds") if one.signed_in_at else "never"
            state = "active" if one.active else "deactivated"
            click.echo(f"{one.email}\t{one.role}\t{state}\t{last}\t{one.name}")


@staff.command("deactivate")
@click.argument("email")
def deactivate(email: str) -> None:
    """Deactivate EMAIL. Their sessions and sign-in links end at once. To reactivate, use `add`."""
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        member = members.get_member(session, email)
        done = members.deactivate(session, member, Actor.command_line(), clock.now())
        known = member.email
    click.echo(
        f"{known} can no longer sign in."
        if done
        else f"{known} was already deactivated. Nothing changed."
    )


@staff.command("reset-second-factor")
@click.argument("email")
def reset(email: str) -> None:
    """Reset the second factor of EMAIL.

    Removes their authenticator app, passkeys and recovery codes, for example after they lose a device.
    """
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        member = members.get_member(session, email)
        done = reset_second_factor(session, member, Actor.command_line(), clock.now())
        known = member.email
    click.echo(
        f"Removed the second factor of {known}; signed out everywhere."
        if done
        else f"{known} had no second factor. Nothing changed."
    )
