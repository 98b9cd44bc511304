"""`campaign tokens add`, `list` and `revoke`: a secret that is shown once, and its row in the list."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from campaign.core.clock import now
from campaign.integrations.tokens import authenticate_token
from campaign.models import ApiToken
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import Run

ADD = ("tokens", "add", "Our CRM", "--scope", "progress:read")


def known(installation: Installation, secret: str) -> bool:
    with installation.sessions.begin() as session:
        return authenticate_token(session, secret, now()) is not None


def test_a_token_is_printed_once_works_and_is_revoked_once(
    run: Run, installation: Installation
) -> None:
    secret = run(*ADD, "--scope", "ledger:read", "--scope", "ledger:read").out.strip()
    assert secret.startswith("cmp_")
    assert known(installation, secret)
    listed = run("tokens", "list").out
    assert secret not in listed
    number, name, hint, scopes, state, used = listed.rstrip("\n").split("\t")
    assert (name, hint, scopes) == ("Our CRM", f"\u2026{secret[-4:]}", "ledger:read,progress:read")
    assert (state, used[:10]) == ("active", now().date().isoformat())
    assert run("tokens", "revoke", number).out == f"Revoked token {number}.\n"
    again = run("tokens", "revoke", number).out
    assert again == f"Token {number} was already revoked. Nothing changed.\n"
    assert not known(installation, secret)
    assert run("tokens", "list").out.split("\t")[4] == "revoked"


def test_a_token_without_days_never_expires_and_one_with_days_does(
    run: Run, installation: Installation
) -> None:
    assert run(*ADD).status == run(*ADD, "--days", "30").status == 0
    with installation.sessions.begin() as session:
        lasting, ending = session.scalars(select(ApiToken).order_by(ApiToken.id))
        assert lasting.expires_at is None
        assert ending.expires_at is not None
        assert timedelta(days=29) < ending.expires_at - now() <= timedelta(days=30)
        session.execute(update(ApiToken).where(ApiToken.id == ending.id).values(expires_at=now()))
    rows = [line.split("\t") for line in run("tokens", "list").out.splitlines()]
    assert [(int(row[0]), *row[4:]) for row in rows] == [
        (ending.id, "expired", "never"),
        (lasting.id, "active", "never"),
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        (("add", "CRM"), 2, "Missing option '--scope'"),
        (("add", "CRM", "--scope", "all"), 2, "'all' is not one of"),
        (("add", "CRM", "--scope", "ledger:read", "--days", "0"), 2, "0 is not in the range"),
        (("add", "CRM", "--scope", "ledger:read", "--days", "3651"), 2, "3651 is not in the range"),
        (("add", " ", "--scope", "ledger:read"), 1, "Enter a name of at most 100 characters"),
        (("add", "x" * 101, "--scope", "ledger:read"), 1, "Enter a name of at most 100 characters"),
        (("revoke", "7"), 1, "There is no token 7. See `campaign tokens list`."),
        (("revoke", "CRM"), 2, "is not a valid integer"),
    ],
)
def test_an_error_is_one_line_and_prints_no_secret(
    run: Run, installation: Installation, arguments: tuple[str, ...], status: int, why: str
) -> None:
    ended = run("tokens", *arguments)
    assert (ended.status, ended.out) == (status, "")
    assert why in " ".join(ended.errors)
    assert run("tokens", "list").out == ""
