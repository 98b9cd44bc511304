"""`campaign suppressions`: importing, exporting and changing suppressed addresses."""

from pathlib import Path

from sqlalchemy import select

from campaign.models import Campaign, Suppression
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import Run


def entries(installation: Installation) -> list[tuple[str, bool, str]]:
    with installation.sessions() as session:
        rows = session.scalars(select(Suppression).order_by(Suppression.email, Suppression.id))
        return [(row.email, row.campaign_id is None, row.reason) for row in rows]


def test_a_plain_list_is_imported_and_bad_lines_are_named(
    run: Run, tmp_path: Path, installation: Installation
) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes("Ada@example.org\nnobody\n\nbé@example.org\n".encode("cp1252"))
    done = run("suppressions", "import", str(file))
    assert (done.status, done.out) == (1, "1 added, 0 already present, 2 rejected.\n")
    assert done.errors[0].startswith("line 2: 'nobody' is not an email address")
    assert done.errors[1] == "line 4: not UTF-8; save the file as UTF-8"
    assert entries(installation) == [("ada@example.org", True, "imported")]
    file.write_text("ada@example.org\n", encoding="utf-16")
    assert (
        run("suppressions", "import", str(file)).out == "0 added, 1 already present, 0 rejected.\n"
    )


def test_the_export_can_be_imported_elsewhere(
    run: Run, tmp_path: Path, installation: Installation, campaign: Campaign
) -> None:
    assert run("suppressions", "add", "ada@example.org").status == 0
    assert run("suppressions", "add", "bea@example.org", "--campaign", "nine-days").status == 0
    before = entries(installation)
    exported = run("suppressions", "export").out
    assert exported.startswith("email,campaign,reason,detail,created_at\n")
    for address in ("ADA@example.org", "bea@example.org"):
        assert run("suppressions", "remove", address, "--reason", "they wrote").status == 0
    assert entries(installation) == []
    file = tmp_path / "list.csv"
    file.write_text(exported + "cy@example.org,elsewhere,imported,,\ndi@example.org,,bored,,\n")
    done = run("suppressions", "import", str(file))
    assert done.status == 1
    assert "no campaign called 'elsewhere'" in done.errors[0]
    assert "'bored' is not a valid reason" in done.errors[1]
    assert entries(installation) == before


def test_an_address_that_looks_like_a_formula_survives_export_and_import(
    run: Run, tmp_path: Path, installation: Installation
) -> None:
    file = tmp_path / "list.csv"
    file.write_text("+ada@example.org\n-bea@example.org\n")
    assert run("suppressions", "import", str(file)).status == 0
    before = entries(installation)
    exported = run("suppressions", "export").out
    assert "\n'+ada@example.org," in exported
    file.write_text(exported)
    assert (
        run("suppressions", "import", str(file)).out == "0 added, 2 already present, 0 rejected.\n"
    )
    assert entries(installation) == before


def test_an_error_is_one_line(run: Run, tmp_path: Path) -> None:
    for arguments in (
        ("add", "nobody"),
        ("add", "ada@example.org", "--campaign", "elsewhere"),
        ("remove", "ada@example.org", "--reason", "they wrote"),
        ("import", str(tmp_path / "nowhere")),
    ):
        done = run("suppressions", *arguments)
        assert (done.status, done.out, len(done.errors)) == (1, "", 1)
    assert run("suppressions", "remove", "ada@example.org").status == 2
