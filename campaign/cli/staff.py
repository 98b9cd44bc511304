"""`campaign staff add|list|deactivate|reset-second-factor`."""

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
    """The team: who may enter the staff's room, and with which role."""


@staff.command("add")
@click.argument("email")
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.value for role in StaffRole]),
    help="viewer looks; finance also handles gifts and books; admin also the campaign and the team.",
)
@click.option("--name", default="", help="What they are called.")
def add(email: str, role: str, name: str) -> None:
    """Add EMAIL to the team and print a link that signs them in: once, within 24 hours.

    For someone known this is a new link, for example when they lost their password; their role is changed if another
    is given, and who was deactivated is active again.
    """
    installation = make_installation(broker=False)
    who, at = Actor.command_line(), clock.now()
    with installation.sessions.begin() as session:
        added = members.add_member(session, email, StaffRole(role), who, at, name=name)
        path = make_staff_link(session, added.member, who.name, at, STAFF_LINK)
        asked_more = has_second_factor(session, added.member)
    for line in _changes(added):
        click.echo(line, err=True)
    if asked_more:
        click.echo(
            f"Their second factor is asked for too; `campaign staff reset-second-factor {added.member.email}`"
            " removes it.",
            err=True,
        )
    click.echo(installation.address(path))


def _changes(added: Added) -> list[str]:
    email, role = added.member.email, added.member.role
    if added.new:
        return [f"{email} is on the team with the role {role}."]
    language = [f"{email} is active again."] if added.reactivated else []
    if added.previous_role is not None:
        language.append(
            f"{email} was {added.previous_role} and is {role} now; all sessions are ended."
        )
    return language or [
        f"{email} is on the team already, with the role {role}; here is a new link."
    ]


@staff.command("list")
def list_all() -> None:
    """Everyone, a line each: address, role, active or not, last sign-in, name; parted by tabs."""
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        for one in members.list_members(session):
            last = one.signed_in_at.isoformat(timespec="seconds") if one.signed_in_at else "never"
            state = "active" if one.active else "deactivated"
            click.echo(f"{one.email}\t{one.role}\t{state}\t{last}\t{one.name}")


@staff.command("deactivate")
@click.argument("email")
def deactivate(email: str) -> None:
    """Let EMAIL in no longer, at once: their sessions and links end. `add` lets them in again."""
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        member = members.get_member(session, email)
        done = members.deactivate(session, member, Actor.command_line(), clock.now())
        known = member.email
    click.echo(
        f"{known} can no longer sign in." if done else f"{known} was deactivated before. No change."
    )


@staff.command("reset-second-factor")
@click.argument("email")
def reset(email: str) -> None:
    """Forget EMAIL's authenticator app, passkeys and recovery codes, for when the device is lost."""
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        member = members.get_member(session, email)
        done = reset_second_factor(session, member, Actor.command_line(), clock.now())
        known = member.email
    click.echo(
        f"{known} has no second factor now; all sessions are ended."
        if done
        else f"{known} had no second factor. No change."
    )
