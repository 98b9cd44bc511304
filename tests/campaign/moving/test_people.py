"""People of other systems: each tool's export, its evidence of consent, and who is never subscribed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from campaign.core.errors import ListInvalid
from campaign.mailer.suppressions import suppress
from campaign.models import AuditEntry, Subscriber, Suppression, SuppressionReason
from campaign.moving.people import ADDED, KNOWN, LEFT, LEFT_BEFORE, OUTSIDE, SUPPRESSED
from campaign.runtime.context import Installation
from tests.support.moving import FILES, import_example

HEADER = "email,name,locale,timezone,consent_source,consent_at"
GOOD = "ada@reader.test,Ada,en,America/New_York,form,2026-01-05T10:00:00-05:00"


def people(installation: Installation) -> dict[str, Subscriber]:
    with installation.sessions() as session:
        return {one.email: one for one in session.scalars(select(Subscriber))}


def suppressed(installation: Installation) -> dict[str, tuple[str, str]]:
    with installation.sessions() as session:
        return {one.email: (one.reason, one.detail) for one in session.scalars(select(Suppression))}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def refusal(installation: Installation, file: Path, row: str, header: str = HEADER) -> str:
    file.write_text(f"{header}\n{row}\n", encoding="utf-8")
    done = import_example(installation, "people", file, dry_run=True)
    assert [one.line for one in done.refused] == [2]
    return done.refused[0].reason


EXAMPLES = {
    "mailchimp_subscribed": ("Mailchimp", {ADDED: 3}, 1),
    "mailchimp_unsubscribed": ("Mailchimp", {LEFT: 2}, 0),
    "mailchimp_cleaned": ("Mailchimp", {LEFT: 1}, 0),
    "brevo": ("Brevo", {ADDED: 2, LEFT: 1}, 0),
    "listmonk": ("listmonk", {ADDED: 1, LEFT: 1, OUTSIDE: 1}, 0),
    "ghost": ("Ghost", {ADDED: 1, LEFT: 1, OUTSIDE: 1}, 0),
    "plain": ("a plain list", {ADDED: 2}, 2),
}
AGAIN = {ADDED: KNOWN, LEFT: LEFT_BEFORE}


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_tools_export_is_recognized_and_imported_once(
    installation: Installation, name: str
) -> None:
    system, counts, refused = EXAMPLES[name]
    path = FILES / f"{name}.csv"
    dry = import_example(installation, "people", path, dry_run=True)
    assert (people(installation), suppressed(installation)) == ({}, {})
    done = import_example(installation, "people", path)
    assert done.report.plan.preset.system == system
    assert (done.counts, done.report.refused) == (counts, refused)
    assert (dry.counts, dry.reasons, dry.notes) == (done.counts, done.reasons, done.notes)
    first = {email: one.consent_source for email, one in people(installation).items()}
    again = import_example(installation, "people", path)
    assert again.counts == {AGAIN.get(word, word): count for word, count in counts.items()}
    assert {email: one.consent_source for email, one in people(installation).items()} == first


def test_mailchimps_evidence_is_kept(installation: Installation) -> None:
    done = import_example(installation, "people", FILES / "mailchimp_subscribed.csv")
    found = people(installation)
    rosa = found["rosa@reader.test"]
    assert (rosa.name, rosa.locale, rosa.timezone) == ("Rosa O’Hara Núñez", "en", "America/Denver")
    assert rosa.consent_source == (
        "Mailchimp: opted in 2022-06-12 21:40:09 from 203.0.113.7,"
        " confirmed 2022-06-12 21:44:51 from 203.0.113.7"
    )
    assert rosa.consent_at == datetime(2022, 6, 12, 21, 44, 51, tzinfo=UTC)
    assert found["kim@reader.test"].timezone == "America/Los_Angeles", "from hours and country"
    assert found["kim@reader.test"].consent_at == datetime(2023, 11, 5, 1, 15, tzinfo=UTC)
    assert done.reasons == ["5: no consent_at: when did they agree?"]
    assert [(one.line, one.reason) for one in done.notes] == [
        (6, "'Moon/Tranquility' is not a time zone; the campaign's is used")
    ]
    assert found["uma@reader.test"].timezone is None
    assert "LATITUDE" in done.report.plan.columns.ignored


def test_other_tools_evidence_is_kept(installation: Installation) -> None:
    for name in ("brevo", "listmonk", "ghost"):
        import_example(installation, "people", FILES / f"{name}.csv")
    found = people(installation)
    assert {email: one.consent_source for email, one in found.items()} == {
        "inez@reader.test": "Brevo: added 14-02-2023 09:12:33, double opt-in",
        "tom@reader.test": "Brevo: added 03-04-2023 09:12:33",
        "nia@reader.test": "listmonk: added 2023-05-01T10:20:30.123456Z",
        "ola@reader.test": "Ghost: added 2024-02-10T08:09:10.000Z",
    }
    assert found["tom@reader.test"].consent_at.isoformat() == "2023-04-03T16:12:33+00:00"
    assert found["inez@reader.test"].name == "Inéz Paz"


def test_who_left_there_is_suppressed_here_and_not_subscribed(installation: Installation) -> None:
    for name in ("mailchimp_unsubscribed", "mailchimp_cleaned", "brevo", "listmonk", "ghost"):
        import_example(installation, "people", FILES / f"{name}.csv")
    found = suppressed(installation)
    assert {email: reason for email, (reason, _) in found.items()} == {
        "lou@reader.test": "unsubscribed",
        "max@reader.test": "complained",
        "old@reader.test": "bounced",
        "gus@reader.test": "unsubscribed",
        "pat@reader.test": "unsubscribed",
        "jo@reader.test": "unsubscribed",
    }
    assert found["lou@reader.test"][1] == (
        "Mailchimp, 2024-08-19 07:30:00: I no longer want to receive these emails, August digest"
    )
    assert not found.keys() & people(installation).keys()


def test_a_plain_list_as_a_person_wrote_it(installation: Installation) -> None:
    done = import_example(installation, "people", FILES / "plain.csv")
    ada, bea = (people(installation)[f"{name}@reader.test"] for name in ("ada", "bea"))
    assert (ada.name, ada.timezone, ada.consent_source) == ("Ada", "America/New_York", "fair, 2025")
    assert ada.consent_at == datetime(2025, 3, 25, 7, tzinfo=UTC)
    assert (bea.name, bea.locale, bea.timezone) == ("+Bea", "pt", "US/Pacific")
    assert bea.consent_at.date().isoformat() == "2025-04-03", "day first, as the first row shows"
    assert done.report.plan.columns.ignored == ("Shoe size",)
    assert done.reasons == [
        "4: consent_at: 'yesterday' is not a date we can read; write it as 2026-12-31",
        "5: ADA@reader.test is already on line 2",
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("ada,,,,form,2026-01-05", "not an email address"),
        (",,,,form,2026-01-05", "no email"),
        ("a@reader.test b@reader.test,,,,form,2026-01-05", "2 addresses in one cell"),
        ("ada@reader.test,,,,,2026-01-05", "no consent_source: where did they agree?"),
        ("ada@reader.test,,,,form,", "no consent_at: when did they agree?"),
        ("ada@reader.test,,,,form,3/1/2026", "could be March 1 or January 3"),
        ("ada@reader.test,,,,form,2026-12-05", "consent_at 2026-12-05 is in the future"),
        ("ada@reader.test,,,,form,1970-01-01", "too long ago"),
        ("ada@reader.test,,,Mars/Olympus,form,2026-01-05", "not a time zone"),
        ("ada@reader.test,,Klingonish!,,form,2026-01-05", "is not a language"),
        (f"ada@reader.test,,,,{'f' * 201},2026-01-05", "consent_source is longer than 200"),
        (f"ada@reader.test,{'A' * 201},,,form,2026-01-05", "name is longer than 200"),
        (
            f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 30}.test,,,,form,2026-01-05",
            "email",
        ),
        ("ada@reader.test,A\x0bda\x07,,,form,2026-01-05", "control character"),
        ("ada@reader.test,Ada,form,2026-01-05", "4 cells, but the header has 6 columns"),
        ('ada@reader.test,"Ada,,,form,2026-01-05', "quotation mark is not closed"),
    ],
)
def test_a_refused_row_says_why(
    installation: Installation, file: Path, row: str, reason: str
) -> None:
    assert reason in refusal(installation, file, row)


def test_a_status_that_nobody_knows_refuses_the_row(installation: Installation, file: Path) -> None:
    assert "status 'sleeping'" in refusal(
        installation, file, f"{GOOD},sleeping", f"{HEADER},status"
    )


def test_a_long_wording_is_kept_whole_or_refused(installation: Installation, file: Path) -> None:
    header = f"{HEADER},consent_wording"
    assert "wording is longer" in refusal(installation, file, f"{GOOD},{'w' * 2001}", header)
    file.write_text(f"{header}\n{GOOD},{'w' * 2000}\n")
    assert import_example(installation, "people", file).counts == {ADDED: 1}


def test_a_repeated_address_is_refused_and_a_refused_row_leaves_it_to_a_better_one(
    installation: Installation, file: Path
) -> None:
    file.write_text(f"{HEADER}\nada@reader.test,,,,,2026-01-05\n{GOOD}\n{GOOD}\n")
    done = import_example(installation, "people", file)
    assert [reason.partition(",")[0] for reason in done.reasons] == [
        "2: no consent_source: where did they agree?",
        "4: ada@reader.test is already on line 3",
    ]


def test_who_is_on_one_list_and_left_another_has_left(
    installation: Installation, file: Path
) -> None:
    rows = [f"{GOOD},subscribed", f"{GOOD},unsubscribed", f"{GOOD},unsubscribed"]
    file.write_text("\n".join([f"{HEADER},status", *rows]))
    done = import_example(installation, "people", file)
    assert (done.counts, done.refused) == ({ADDED: 1, LEFT: 1, LEFT_BEFORE: 1}, [])
    assert suppressed(installation) == {"ada@reader.test": ("unsubscribed", "a plain list")}


def test_who_unsubscribed_here_stays_so(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        suppress(session, "ola@reader.test", SuppressionReason.unsubscribed, detail="by staff")
    done = import_example(installation, "people", FILES / "ghost.csv")
    assert done.counts[SUPPRESSED] == 1
    assert suppressed(installation)["ola@reader.test"] == ("unsubscribed", "by staff")


def test_a_file_without_evidence_is_refused_as_a_whole(
    installation: Installation, file: Path
) -> None:
    file.write_text("email,name\nada@reader.test,Ada\n")
    with pytest.raises(ListInvalid, match="no column that says when people agreed"):
        import_example(installation, "people", file)


def test_a_person_can_say_where_a_list_agreed_and_what_its_columns_are(
    installation: Installation, file: Path
) -> None:
    file.write_text("Mail,Joined on\nada@reader.test,2025-01-02\n")
    done = import_example(
        installation, "people", file, given=("Joined on=consent_at",),
        consent_source="the form on our site", zone="US Eastern",
    )  # fmt: skip
    assert done.counts == {ADDED: 1}
    ada = people(installation)["ada@reader.test"]
    assert (ada.consent_source, ada.consent_at) == (
        "the form on our site", datetime(2025, 1, 2, 5, tzinfo=UTC),
    )  # fmt: skip


def test_the_log_says_what_changed_without_names(installation: Installation) -> None:
    for _ in range(2):
        import_example(installation, "people", FILES / "ghost.csv")
    with installation.sessions() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(one.action, one.subject_key) for one in entries] == [
        ("subscribers.imported", "ghost.csv")
    ] * 2
    assert entries[0].after == {"preset": "ghost", ADDED: 1, LEFT: 1}
