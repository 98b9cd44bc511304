"""The appeal in lynx and w3m: it reads well, and its form leads through the review to Stripe's page."""

import os
import pty
import re
import subprocess
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from tests.journeys.conftest import Running
from tests.support.programs import program

TYPED = {"amount": "25", "frequency": "monthly", "email": "w3m@example.org", "name": "Lee Ross"}

READ_IN_ORDER = (
    *("The Harbor Ledger", "Keep every story free to read", "raised", "As of", "left, until"),
    *("Tonight the harbor commission votes", "Your gift", "How much", "$25", "Another amount"),
    *("How often", "Monthly", "Email", "We send your receipt here.", "Name", "card fees"),
    *(
        "On a gift of $50, that adds $1.80.",
        "shared computer",
        "Nothing is charged until you confirm there.",
    ),
    *("Review your gift", "By mail", "Make a check payable to The Harbor Ledger"),
)


def written(command: list[str]) -> str:
    """Return the text that a browser prints, with single spaces between words."""
    made = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return " ".join(made.stdout.split())


@pytest.mark.parametrize("command", [["lynx", "-dump", "-nolist"], ["w3m", "-dump"]], ids=str)
def test_the_appeal_reads_well(running: Running, command: list[str]) -> None:
    page, place = written([program(command[0]), *command[1:], running.appeal]), 0
    for text in READ_IN_ORDER:
        assert text in page[place:], f"{text!r} is missing or in the wrong place in: {page}"
        place = page.index(text, place)


def test_w3m_posts_the_form_and_the_review(running: Running, tmp_path: Path) -> None:
    address, file = f"{running.appeal}/c/nine-days/donate", tmp_path / "typed"

    def post(**typed: str) -> str:
        file.write_text(urlencode(typed))
        return written([program("w3m"), "-dump", "-post", str(file), address])

    review = post(**TYPED, step="review")
    for text in ("Check your gift", "$25", "Every month", "Lee Ross", "Give $25 monthly"):
        assert text in review
    shown = requests.post(address, data=TYPED | {"step": "review"}, timeout=60).text
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', shown)
    paying = post(**{name: unescape(value) for name, value in fields})
    assert "Card number" in paying
    assert "$25" in paying
    faults = post(**{**TYPED, "email": "lee", "step": "review"})
    assert "Please fix this" in faults
    assert "Enter a complete email address" in faults


def keys(*pressed: str) -> str:
    """Return a lynx script: each key by its name, and text after a quote one character at a time."""
    lines: list[str] = []
    for one in pressed:
        typed = one[1:] if one.startswith("'") else ""
        names = ["<space>" if sent_email == " " else sent_email for sent_email in typed] or [one]
        lines += [f"key {name}" for name in names]
    return "\n".join(lines) + "\n"


def search(text: str) -> tuple[str, ...]:
    return "/", f"'{text}", "^J"


def drive(address: str, script: Path) -> str:
    """Run lynx with `script` in a terminal of 24 lines; return everything that it printed."""
    command = [program("lynx"), f"-cmd_script={script}", address]
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "vt100", "LINES": "24", "COLUMNS": "80"}
    output = b""
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as lynx:
        os.close(theirs)
        try:
            while part := os.read(ours, 65536):
                output += part
        except OSError:
            # On Linux, this means that the other side of the terminal is closed.
            lynx.wait(timeout=60)
    os.close(ours)
    return re.sub(r"\x1b(?:\[[0-9;?]*[a-zA-Z]|[()][A-Z0-9])", " ", output.decode(errors="replace"))


def list_sessions_for_donation(running: Running, email: str) -> list[dict[str, Any]]:
    """Return the checkout sessions for this email address."""
    address, key = f"{running.stripe}/v1/checkout/sessions", ("sk_test_journeys", "")
    found = requests.get(address, params={"limit": 100}, auth=key, timeout=60).json()
    return [one for one in found["data"] if one["customer_email"] == email]


def test_lynx_fills_the_form_by_keys_and_reaches_stripes_page(
    running: Running, tmp_path: Path
) -> None:
    script = tmp_path / "keys"
    script.write_text(
        keys(
            # Other gifts may have put "$25 raised" further up.
            *(*search("How much"), *search("$25"), "Down Arrow", "^J"),
            *(*search("We send your receipt"), "'lynx@example.org", "Down Arrow", "'Lee Ross"),
            *("Down Arrow", *search("Review your gift"), "^J"),
            *(*search("Give $"), "^J"),
            *("Q", "y"),
        )
    )
    output = drive(f"{running.appeal}/c/nine-days", script)
    assert "Check your gift" in output
    assert "303 SEE OTHER" in output.upper()
    assert re.search(r"Using http://\S+/c/pay/cs_test_", output)
    # lynx prints only what differs from the previous page, so check the session at Stripe as well.
    assert "← Back" in output.rpartition("/c/pay/")[2]
    assert [
        one["amount_total"] for one in list_sessions_for_donation(running, "lynx@example.org")
    ] == [2500]
