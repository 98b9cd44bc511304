"""Print every query of the measured staff pages with the plan that PostgreSQL chose for it, as Markdown.

`./dev bench plans --gifts 1000000 > plans.md`. docs/queries.md holds the conclusions.
"""

import re
from collections.abc import Iterator

import psycopg

from bench.answers import Answer, Failure, Page, Query, Watch, ask
from bench.room import Room, Scale, open_room, pages

_COLUMN = r"[\w.\"]+(?: AS \w+)?, "
_EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, SUMMARY ON) "
_HEAD = """\
# Query plans of the staff pages

Printed by `./dev bench plans --gifts {gifts}`: each query of the pages that `./dev bench staff` measures, shortened,
with the plan that PostgreSQL {version} chose at {count} gifts in three campaigns. Each plan node shows its rows, the
number of times it ran, and the milliseconds until its last row, including the nodes below it. Times belong to this
machine. Check that no node reads rows that the page does not show. An export is explained to its last row, through the
cursor that streams it; a reader gets the first rows much sooner.

A query that several pages run appears under the first of them.
"""


def plans(scale: Scale) -> Iterator[Answer | Failure]:
    """Print the plans page by page; yield a failure for each page that could not be explained."""
    with open_room(scale) as room:
        version = room.installation.engine.dialect.server_version_info or (0,)
        print(_HEAD.format(gifts=scale.gifts, version=version[0], count=f"{room.gifts:,}"))
        seen = set[str]()
        for page in pages(room):
            try:
                ask(room.client, page)
                with Watch().watching(room.installation.engine) as queries:
                    ask(room.client, page)
            except LookupError as error:
                yield Failure(str(error))
                continue
            print(chapter(room, page, queries, seen), flush=True)


def chapter(room: Room, page: Page, queries: list[Query], seen: set[str]) -> str:
    """Return the page's new queries, each with its plan, as Markdown, and add them to `seen`."""
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
        parts += ["No query that is not listed above.", ""]
    for query in new:
        parts += ["```sql", shortened(query.statement), "```", "", "```text"]
        parts += [*_plan(room, query, streamed=page.first_bytes), "```", ""]
    return "\n".join(parts)


def shortened(statement: str) -> str:
    """Return `statement` with one clause per line and long column lists cut."""
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
    """Run the query again, to its last row, in a transaction that is rolled back; return the plan's lines.

    A streamed query is explained as a cursor, for which PostgreSQL prefers the plan with the fastest first rows.
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
    """Return a plan line without details that only tuning needs; '' for a line to drop."""
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
