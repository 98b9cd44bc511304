"""The README of an export says what each file holds and what each column means."""

from datetime import UTC, datetime

from campaign.models import Base
from campaign.moving.everything import ExportedFile
from campaign.moving.export_readme import readme

AT = datetime(2026, 11, 30, 12, 5, 6, tzinfo=UTC)


def test_lists_are_explained_in_words_and_tables_by_their_types() -> None:
    table = Base.metadata.tables["suppression"]
    files = [
        ExportedFile("ledger.csv", ("amount", "occurred_at", "shard"), 1234, "00"),
        ExportedFile("tables/suppression.jsonl", ("email", "campaign_id"), 1, "00"),
    ]
    text = readme(files, [table], AT, "0042")
    assert (
        "Written on 2026-11-30 12:05:06 UTC from one consistent snapshot, at migration 0042."
        in text
    )
    assert "1,234 rows: every entry of the books" in text
    assert "| `amount` | minor units of `currency` (cents), an integer" in text
    assert "| `occurred_at` | when the money moved |" in text
    assert "| `shard` | shard |" in text
    assert "| `email` | text |" in text
    assert "| `campaign_id` | bigint, refers to `campaign.id`, may be null |" in text


def test_every_list_is_described() -> None:
    for name in (
        "donations",
        "donors",
        "receipts",
        "monthly-gifts",
        "campaigns",
        "subscribers",
        "suppressions",
    ):
        text = readme([ExportedFile(f"{name}.csv", ("id",), 1, "00")], [], AT, "0042")
        assert "1 rows: " in text, name
