"""The connection to PostgreSQL: times in UTC, limits on waiting, and no donor's data in error messages."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from campaign.core.database import make_engine
from campaign.core.settings import Settings
from campaign.models import Campaign, Dispute
from campaign.runtime.context import Installation
from tests.support.ledger import run_sql


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("timezone", "UTC"),
        ("statement_timeout", "30s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("jit", "off"),
    ],
)
def test_every_connection_has_its_limits(
    installation: Installation, setting: str, value: str
) -> None:
    with installation.engine.connect() as connection:
        assert connection.scalar(text("SELECT current_setting(:name)"), {"name": setting}) == value


def test_an_error_message_shows_no_values(installation: Installation) -> None:
    with installation.engine.connect() as connection, pytest.raises(DBAPIError) as failed:
        connection.execute(text("SELECT 1 / 0 WHERE 'x' <> :email"), {"email": "ana@example.org"})
    assert "ana@example.org" not in str(failed.value)
    assert "division by zero" in str(failed.value)


def test_an_object_stays_readable_after_the_commit(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions() as session:
        found = session.scalars(select(Campaign)).one()
        session.commit()
        assert not session.in_transaction()
        assert found.slug == "nine-days"
        assert not session.in_transaction(), "nothing was read again"


def test_a_connection_that_the_server_closed_is_replaced(
    installation: Installation, settings: Settings
) -> None:
    with installation.engine.connect() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
    other = make_engine(settings.database_url)
    with other.connect() as connection:
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    other.dispose()
    with installation.engine.connect() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) != pid


def test_a_pool_lends_twice_its_size_and_no_more(settings: Settings) -> None:
    engine = make_engine(settings.database_url, pool_size=1)
    engine.pool._timeout = 0.01  # type: ignore[attr-defined] # ten seconds are long in a test
    with engine.connect(), engine.connect(), pytest.raises(PoolExhausted):
        engine.connect()
    engine.dispose()


def test_json_is_stored_as_it_was_given(installation: Installation) -> None:
    moved = [{"id": "txn_1", "note": "Zoë — 漢字", "amount": -2500}]
    statement = (
        "INSERT INTO dispute (stripe_id, amount, currency, reason, status, opened_at, as_of)"
        " VALUES ('du_1', 1, 'usd', 'general', '', now(), now())"
    )
    run_sql(installation, statement)
    with installation.sessions.begin() as session:
        session.scalars(select(Dispute)).one().balance_transactions = moved
    with installation.sessions() as session:
        assert session.scalars(select(Dispute)).one().balance_transactions == moved
