"""docs/queries.md: every query of the measured pages with the plan that PostgreSQL chose for it.

./dev bench plans --gifts 1000000
"""

import re
from collections.abc import Iterator

import psycopg

from bench.answers import Answer, Failure, Page, Query, Watch, ask
from bench.room import Room, Scale, open_room, pages
from bench.serving import ROOT

WRITTEN = ROOT / "docs" / "queries.md"
_COLUMN = r"[\w.\"]+(?: AS \w+)?, "
_EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, SUMMARY ON) "
_HEAD = """\
# The queries of the staff's room

Made by `./dev bench plans --gifts {gifts}`; not to be edited. Each query of the pages that `./dev bench staff`
measures, shortened, with the plan that PostgreSQL {version} chose at {count} gifts in three campaigns: for each step
the rows it gave, how often it ran and the milliseconds until its last row, all of what lies below it included. Times
are one machine's, with two cores; what to look for is that no step reads what a page does not show. An export is
explained to its last row, by the cursor that streams it; a reader has the first ones long before.

A query that several pages ask is shown with the first of them.
"""


def plans(scale: Scale) -> Iterator[Answer | Failure]:
    """Write the file; yields what could not be explained."""
    with open_room(scale) as room:
        version = room.installation.engine.dialect.server_version_info or (0,)
        chapters, seen = [], set[str]()
        for page in pages(room):
            try:
                ask(room.client, page)
                with Watch().watching(room.installation.engine) as queries:
                    ask(room.client, page)
            except LookupError as error:
                yield Failure(str(error))
                continue
            chapters.append(chapter(room, page, queries, seen))
        head = _HEAD.format(gifts=scale.gifts, version=version[0], count=f"{room.gifts:,}")
        WRITTEN.write_text("\n".join([head, *chapters]))


def chapter(room: Room, page: Page, queries: list[Query], seen: set[str]) -> str:
    """A page's queries but those that are in `seen`, which grows by them, each with its plan; as Markdown."""
    parts = [f"## {page.name[:1].upper()}{page.name[1:]}", ""]
    new = []
    for query in queries:
        if query.statement not in seen and query.statement.lstrip()[:6].upper() in (
            "SELECT",
            "WITH R",
            "WITH ",
        ):
            seen.add(query.statement)
            new.append(query)
    if not new:
        parts += ["Nothing that was not asked above.", ""]
    for query in new:
        parts += ["```sql", shortened(query.statement), "```", "", "```text"]
        parts += [*_plan(room, query, streamed=page.first_bytes), "```", ""]
    return "\n".join(parts)


def shortened(statement: str) -> str:
    """`statement` in lines of its clauses, with long lists of columns cut."""
    text = " ".join(statement.split())
    text = re.sub(r"%\((\w+)\)s(::\w+( WITH TIME ZONE)?)?", r":\1", text)
    text = re.sub(r"(:\w+), :\w+(?:, :\w+)+", r"\1, …", text)
    text = re.sub(rf"((?:{_COLUMN}){{3}})(?:{_COLUMN}){{2,}}", r"\1…, ", text)
    return re.sub(
        r" (FROM|WHERE|ORDER BY|GROUP BY|LIMIT|UNION ALL|LEFT OUTER JOIN|JOIN|HAVING) ",
        r"\n\1 ",
        text,
    )


def _plan(room: Room, query: Query, *, streamed: bool) -> list[str]:
    """The steps of the plan. The query runs once more, to its end, in a transaction that is rolled back.

    What is streamed is read by a cursor, for which PostgreSQL chooses what gives the first rows soonest.
    """
    cursor = "DECLARE streamed NO SCROLL CURSOR FOR " if streamed else ""
    url = room.installation.engine.url.set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        connection.execute("SET TRANSACTION READ ONLY")
        rows = connection.execute(
            (_EXPLAIN + cursor + query.statement).encode(), query.values
        ).fetchall()
        connection.rollback()
    return [line for line in (_step(str(row[0])) for row in rows) if line]


def _step(line: str) -> str:
    """A line of a plan without what only tuning needs; '' for one that tells nothing here."""
    if re.match(
        r"\s*(Buffers|Planning|Buckets|Worker|Heap Blocks|Heap Fetches|Index Searches|I/O)", line
    ):
        return ""
    line = re.sub(r"'[^']{24,}'", "'…'", line)
    line = re.sub(r"\(actual time=[\d.]+\.\.([\d.]+) rows=([\d.]+) loops=(\d+)\)", _figures, line)
    return line[:160].rstrip()


def _figures(found: re.Match[str]) -> str:
    loops = "" if found[3] == "1" else f", {found[3]} times"
    return f"({found[2].removesuffix('.00')} rows, {float(found[1]):.1f} ms{loops})"
