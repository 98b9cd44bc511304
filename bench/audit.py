"""`campaign ledger check` over a million entries, beside a plain sum of the same rows; and its memory."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from sqlalchemy import text

from bench.figures import Figure, Memory
from bench.serving import fresh_installation
from campaign.backup.raw_connection import PsycopgConnection
from campaign.runtime.context import Installation

SHARDS = Path(__file__).parents[1] / "sandbox" / "seed" / "sql" / "shards.sql"
"""SQL that sets the sums that the ledger's trigger keeps."""

GIFTS = 470_000
"""Each has a payment and a fee, one in twenty a refund: about a million entries."""

# With triggers off the insert is fast; SHARDS then sets the sums that the triggers would have kept.
_SEED = """
SET LOCAL session_replication_role = replica;
INSERT INTO donor (email, name)
    SELECT 'reader' || n || '@example.org', 'Reader' FROM generate_series(1, :gifts / 3 + 1) AS n;
INSERT INTO donation (public_id, token, campaign_id, donor_id, attempt, frequency, amount, currency, state, email,
        charged_at, paid_at, payment_intent_id)
    SELECT 'don_' || n, left(md5('gift' || n), 20), campaign.id, first.id + n / 3, 'attempt' || n,
        'one_time', 1000 + n % 9000, 'usd',
        CASE n % 20 WHEN 0 THEN 'partially_refunded' ELSE 'paid' END, 'reader@example.org', now(), now(), 'pi_' || n
    FROM generate_series(1, :gifts) AS n, (SELECT id FROM campaign LIMIT 1) AS campaign,
        (SELECT min(id) AS id FROM donor) AS first;
INSERT INTO ledger_entry (campaign_id, donation_id, kind, amount, fee, currency, occurred_at, source)
    SELECT campaign_id, id, kind, CASE kind WHEN 'payment' THEN amount ELSE 0 END,
        CASE kind WHEN 'payment' THEN 0 ELSE 59 END, 'usd', now(), kind || payment_intent_id
    FROM donation, (VALUES ('payment'), ('fee')) AS kinds (kind) ORDER BY id, kind DESC;
INSERT INTO refund (stripe_id, donation_id, payment_intent_id, amount, currency, state, created_at)
    SELECT 're_' || id, id, payment_intent_id, 500, 'usd', 'succeeded', now()
    FROM donation WHERE state = 'partially_refunded';
INSERT INTO ledger_entry (campaign_id, donation_id, kind, amount, currency, occurred_at, source)
    SELECT campaign_id, id, 'refund', -500, 'usd', now(), 're_' || id
    FROM donation WHERE state = 'partially_refunded';
INSERT INTO receipt (year, sequence, token, donation_id, campaign_id, amount, currency, gift_date, frozen)
    SELECT 2026, row_number() OVER (ORDER BY id), left(md5('receipt' || id), 20), id, campaign_id, amount, 'usd',
        current_date, '{}' FROM donation;
INSERT INTO receipt (year, sequence, token, donation_id, campaign_id, amount, currency, gift_date, frozen, kind,
        replaces_id)
    SELECT 2026, :gifts + row_number() OVER (ORDER BY receipt.id), left(md5('corrected' || receipt.id), 20),
        donation_id, receipt.campaign_id, receipt.amount - 500, 'usd', current_date, '{}', 'corrected', receipt.id
    FROM receipt JOIN donation ON donation.id = donation_id WHERE state = 'partially_refunded';
INSERT INTO receipt_counter SELECT 2026, count(*) FROM receipt;
INSERT INTO outbox_message (kind, subject_key, receipt_id, recipient, message_id, state, sent_at)
    SELECT 'receipt', id, id, 'reader@example.org', id, 'sent', now() FROM receipt;
"""


def audit() -> Iterator[Figure | Memory]:
    """The audit finds nothing; how fast it reads, and that a million entries take no more memory than none."""
    with fresh_installation() as installation:
        _, little = _checked()
        _seed(installation)
        entries, summed = _summed(installation)
        seconds, much = _checked()
    yield Figure(
        "audit: entries checked", entries / seconds, "one plain sum of them", entries / summed
    )
    yield Memory("audit: memory of the command", much, "the same without entries", little)


def _seed(installation: Installation) -> None:
    with installation.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in _SEED.split(";")[:-1]:
            named = {"gifts": GIFTS} if ":gifts" in statement else {}
            connection.execute(text(statement), named)
        raw = cast("PsycopgConnection", connection.connection.driver_connection)
        raw.execute(SHARDS.read_text().encode())
    with installation.engine.connect().execution_options(
        isolation_level="AUTOCOMMIT"
    ) as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _summed(installation: Installation) -> tuple[int, float]:
    begun = time.perf_counter()
    with installation.engine.connect() as connection:
        entries, _ = connection.execute(
            text("SELECT count(*), sum(amount) FROM ledger_entry")
        ).one()
    return entries, time.perf_counter() - begun


def _checked() -> tuple[float, float]:
    """Run `campaign ledger check` on a correct ledger; return (seconds, peak megabytes)."""
    begun = time.perf_counter()
    program = "from campaign.cli.main import main; main()"
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", program, "ledger", "check"], stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError("campaign ledger check found a fault in the seeded ledger")
    return time.perf_counter() - begun, used.ru_maxrss / 1024
