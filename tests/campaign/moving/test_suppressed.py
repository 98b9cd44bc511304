"""Suppressions of other systems: who left or stopped working, and never those who are still subscribed."""

from pathlib import Path

import pytest
from sqlalchemy import select

from campaign.core.errors import ListInvalid
from campaign.models import Campaign, Suppression
from campaign.moving.suppressed import ADDED, KNOWN, STILL_THERE
from campaign.runtime.context import Installation
from tests.support.moving import FILES, import_example

EXAMPLES = {
    "mailchimp_unsubscribed": {ADDED: 2},
    "mailchimp_cleaned": {ADDED: 1},
    "brevo": {ADDED: 1, STILL_THERE: 2},
    "listmonk": {ADDED: 1, STILL_THERE: 2},
    "ghost": {ADDED: 1, STILL_THERE: 2},
}


def suppressed(installation: Installation) -> dict[str, tuple[str, str, int | None]]:
    with installation.sessions() as session:
        return {
            one.email: (one.reason, one.detail, one.campaign_id)
            for one in session.scalars(select(Suppression))
        }


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_tools_export_is_imported_once(installation: Installation, name: str) -> None:
    path = FILES / f"{name}.csv"
    dry = import_example(installation, "suppressions", path, dry_run=True)
    assert suppressed(installation) == {}
    done = import_example(installation, "suppressions", path)
    assert (dry.counts, done.counts, done.refused) == (EXAMPLES[name], EXAMPLES[name], [])
    again = import_example(installation, "suppressions", path)
    assert again.counts[KNOWN] == EXAMPLES[name][ADDED]
    assert ADDED not in again.counts


def test_a_list_of_subscribers_is_not_silenced(installation: Installation) -> None:
    with pytest.raises(ListInvalid, match="Mailchimp's list of people who are subscribed"):
        import_example(installation, "suppressions", FILES / "mailchimp_subscribed.csv")
    assert suppressed(installation) == {}


def test_our_own_export_comes_back_as_it_was(
    installation: Installation, campaign: Campaign, tmp_path: Path
) -> None:
    path = tmp_path / "suppressions.csv"
    path.write_text(
        "email,campaign,reason,detail,created_at\n"
        "ada@reader.test,,complained,'=1+1,2026-01-01T00:00:00+00:00\n"
        f"bo@reader.test,{campaign.slug},unsubscribed,,2026-01-01T00:00:00+00:00\n"
        "cy@reader.test,nowhere,unsubscribed,,2026-01-01T00:00:00+00:00\n"
        "di@reader.test,,annoyed,,2026-01-01T00:00:00+00:00\n"
    )
    done = import_example(installation, "suppressions", path)
    assert suppressed(installation) == {
        "ada@reader.test": ("complained", "=1+1", None),
        "bo@reader.test": ("unsubscribed", "", campaign.id),
    }
    assert sorted(done.reasons) == [
        "4: there is no campaign 'nowhere'",
        "5: 'annoyed' is not a valid reason; use unsubscribed, bounced, complained, refused, imported",
    ]


def test_a_plain_list_needs_no_header_and_repeats_are_harmless(
    installation: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "left.txt"
    path.write_text("Ada@reader.test\nbo@reader.test; cy@reader.test\nada@reader.test\nnobody\n")
    done = import_example(installation, "suppressions", path)
    assert done.counts == {ADDED: 3, KNOWN: 1}
    assert set(suppressed(installation)) == {"ada@reader.test", "bo@reader.test", "cy@reader.test"}
    assert suppressed(installation)["ada@reader.test"] == ("imported", "", None)
    assert [one.line for one in done.refused] == [4]
