"""The benchmark of the staff pages: every page it requests exists, and its query plans can be printed."""

from flask import Flask

from bench.answers import Answer, Page, Watch, ask
from bench.plans import chapter, shortened
from bench.room import Room, pages, signed_in
from campaign.core import clock
from campaign.runtime.context import Installation
from sandbox.seed.filling import SeedPlan, fill


def test_every_measured_page_answers_and_its_queries_can_be_explained(
    app: Flask, installation: Installation
) -> None:
    fill(installation, SeedPlan(1000, 3, 1, clock.now()))
    room = Room(installation, app, signed_in(app, installation), 1000)
    seen: set[str] = set()
    wrong = []

    for page in pages(room):
        with Watch().watching(installation.engine) as queries:
            try:
                ask(room.client, page)
            except LookupError as error:
                wrong.append(str(error))
        if page.name == "dashboard":
            written = chapter(room, page, queries, seen)

    assert wrong == []
    assert "## Dashboard" in written
    assert "ms)" in written


def test_a_page_that_takes_too_long_fails() -> None:
    slow, quick = Answer("staff: x", 201.0, 300.0, 1.0), Answer("staff: x", 99.0, 300.0, 1.0)

    assert slow.failed
    assert "TOO SLOW" in slow.line()
    assert not quick.failed
    assert Page("blank", "/healthz").first_bytes is False


def test_long_lists_of_columns_are_cut() -> None:
    statement = (
        "SELECT a.b, a.c, a.d, a.e, a.f, a.g \nFROM a WHERE a.b = %(b_1)s::BIGINT ORDER BY a.b"
    )

    assert (
        shortened(statement)
        == "SELECT a.b, a.c, a.d, …, a.g\nFROM a\nWHERE a.b = :b_1\nORDER BY a.b"
    )
