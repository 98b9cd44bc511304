"""Lighthouse on the appeal page on a simulated slow phone, beside an unthrottled blank page.

The first run installs Lighthouse from npm into `.tools/lighthouse`; without npm or a browser a line says so.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VERSION = "12.8.2"
TOOLS = ROOT / ".tools" / "lighthouse"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CATEGORIES = {
    "performance": "performance",
    "accessibility": "accessibility",
    "best-practices": "best practices",
    "seo": "SEO",
}
LEAST = 99
"""Lowest acceptable score of 100, in each category."""
PATIENCE = 180
"""Timeout in seconds for one page, so that a hanging browser does not block the other benchmarks."""


@dataclass(frozen=True)
class Score:
    """Lighthouse's score in a category, of 100."""

    what: str
    score: int

    @property
    def failed(self) -> bool:
        return self.score < LEAST

    def line(self) -> str:
        low = "" if not self.failed else f"  LESS THAN {LEAST}"
        return f"page: Lighthouse, {self.what:<26} {self.score:>8} of 100{low}"


@dataclass(frozen=True)
class Waiting:
    """A Lighthouse audit's value for the page and for a blank page; `unit` is `ms`, `B` or ''."""

    what: str
    value: float
    blank: float
    unit: str

    failed = False

    def line(self) -> str:
        digits = 3 if self.unit == "" else 0
        return (
            f"page: {self.what:<38} {self.value:>9,.{digits}f} {self.unit:<3}"
            f" a blank page, unthrottled: {self.blank:,.{digits}f} {self.unit}"
        )


@dataclass(frozen=True)
class NotMeasured:
    """Lighthouse did not run, with the reason."""

    why: str

    failed = False

    def line(self) -> str:
        return f"page: Lighthouse was not run: {self.why}"


AUDITS = (
    ("largest contentful paint", "largest-contentful-paint", "ms"),
    ("layout shift", "cumulative-layout-shift", ""),
    ("total blocking time", "total-blocking-time", "ms"),
    ("transferred on first load", "total-byte-weight", "B"),
)


def reading(appeal: str, blank: str) -> Iterator[Score | Waiting | NotMeasured]:
    """Yield scores and times of `appeal` on a simulated slow phone. Both arguments are absolute URLs."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or shutil.which("npm") is None:
        yield NotMeasured("it needs npm and Chromium")
        return
    program = _program()
    found = _report(program, browser, appeal, "--throttling-method=simulate")
    empty = _report(program, browser, blank, "--throttling-method=provided")
    for category, name in CATEGORIES.items():
        yield Score(name, round(100 * (found["categories"][category]["score"] or 0)))
    for name, audit, unit in AUDITS:
        yield Waiting(name, _value(found, audit), _value(empty, audit), unit)


def _program() -> Path:
    program = TOOLS / "node_modules" / ".bin" / "lighthouse"
    if not program.exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(TOOLS)]
        subprocess.run([*command, f"lighthouse@{VERSION}"], check=True, cwd=TOOLS)  # noqa: S603 - our own list
    return program


def _report(program: Path, browser: str, address: str, *options: str) -> Mapping[str, Any]:
    """Return Lighthouse's report on a page, emulating a phone."""
    flags = "--headless=new" + (" --no-sandbox" if os.geteuid() == 0 else "")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        subprocess.run(  # noqa: S603 - our own server
            [program, address, "--quiet", "--output=json", f"--output-path={file}",
             f"--chrome-flags={flags}", *options],
            check=True,
            timeout=PATIENCE,
            env=os.environ | {"CHROME_PATH": browser},
        )  # fmt: skip
        report: Mapping[str, Any] = json.loads(file.read_text())
    return report


def _value(report: Mapping[str, Any], audit: str) -> float:
    return float(report["audits"].get(audit, {}).get("numericValue") or 0)
