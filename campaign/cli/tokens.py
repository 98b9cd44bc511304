"""`campaign tokens add|list|revoke`: tokens for the read API."""

from datetime import datetime, timedelta

import click

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.integrations.tokens import Scope, create_token, list_tokens, revoke_token
from campaign.models import ApiToken
from campaign.runtime.context import make_installation


@click.group("tokens")
def tokens() -> None:
    """Manage tokens for the read API."""


@tokens.command("add")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    required=True,
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What the token can read; may be repeated. Names and addresses need donors:read.",
)
@click.option(
    "--days", type=click.IntRange(1, 3650), help="Days until it expires.  [default: never]"
)
def add(name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Create a token called NAME and print it. It is shown only once; only a digest is stored."""
    at = clock.now()
    ends = at + timedelta(days=days) if days else None
    with make_installation(broker=False).sessions.begin() as session:
        made = create_token(session, name, list(scopes), Actor.command_line(), at, expires_at=ends)
    click.echo(made.secret)


@tokens.command("list")
def list_all() -> None:
    """List the tokens.

    Prints one token per line: ID, name, last characters, scopes, state and last use, separated by tabs.
    """
    at = clock.now()
    with make_installation(broker=False).sessions() as session:
        for one in list_tokens(session):
            used = one.used_at.isoformat(timespec="minutes") if one.used_at else "never"
            cells = (
                str(one.id),
                one.name,
                f"…{one.hint}",
                ",".join(one.scopes),
                _state(one, at),
                used,
            )
            click.echo("\t".join(cells))


@tokens.command("revoke")
@click.argument("token_id", type=int)
def revoke(token_id: int) -> None:
    """Revoke the token TOKEN_ID immediately."""
    with make_installation(broker=False).sessions.begin() as session:
        done = revoke_token(session, token_id, Actor.command_line(), clock.now())
    click.echo(
        f"Revoked token {token_id}."
        if done
        else f"Token {token_id} was already revoked. Nothing changed."
    )


def _state(token: ApiToken, at: datetime) -> str:
    if token.revoked_at:
        return "revoked"
    return "expired" if token.expires_at and token.expires_at <= at else "active"
