"""The outbox viewer as a program: emails in by SMTP, pages out by HTTP, stored between runs."""

import json
import smtplib
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


class Viewer:
    """A running `python -m sandbox.outbox`."""

    def __init__(self, lines: list[str]) -> None:
        addresses = dict(line.split(": ", 1) for line in lines)
        self.address = addresses["Outbox"].strip().rstrip("/")
        self.smtp_port = int(addresses["SMTP"].strip().rpartition(":")[2])

    def get(self, path: str, **headers: str) -> tuple[str, HTTPMessage]:
        request = urllib.request.Request(self.address + path, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode(errors="replace"), answer.headers

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.get("/messages.json")[0])
        return found

    def send(self, message: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=60) as client:
            client.send_message(message)


@contextmanager
def running_viewer(folder: Path) -> Iterator[Viewer]:
    command = [sys.executable, "-m", "sandbox.outbox", "--data", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        yield Viewer([process.stdout.readline(), process.stdout.readline()])
    finally:
        process.terminate()
        assert process.wait(60) == 0


@pytest.fixture
def viewer(tmp_path: Path) -> Iterator[Viewer]:
    with running_viewer(tmp_path / "outbox") as running:
        yield running


def receipt() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "The Harbor Ledger <giving@example.org>"
    message["To"] = "Ada <ada@example.org>"
    message["Subject"] = "Receipt 2026-000001 – thank you"
    message["Message-ID"] = "<receipt-1@example.org>"
    message.set_content("You gave $25 on December 3, 2026.\n")
    message.add_alternative(
        '<p>You gave <b>$25</b>.<script>document.title = "run"</script></p>'
        '<img src="cid:logo@example.org" alt="">',
        subtype="html",
    )
    message.add_attachment(
        b"%PDF-1.7", maintype="application", subtype="pdf", filename="receipt.pdf"
    )
    message.get_payload()[0].get_payload()[1].add_related(  # type: ignore[index]
        b"\x89PNG", "image", "png", cid="<logo@example.org>"
    )
    return message


def test_an_email_is_listed_and_described(viewer: Viewer) -> None:
    viewer.send(receipt())

    [entry] = viewer.messages()
    assert entry["from"] == "giving@example.org"
    assert entry["to"] == ["ada@example.org"]
    assert entry["subject"] == "Receipt 2026-000001 – thank you"
    assert entry["message_id"] == "<receipt-1@example.org>"
    assert entry["headers"]["To"] == "Ada <ada@example.org>"
    page, headers = viewer.get("/")
    assert "Receipt 2026-000001 – thank you" in page
    assert "script-src 'self'" in headers["Content-Security-Policy"]


def test_an_email_is_shown_as_text_html_and_source(viewer: Viewer) -> None:
    viewer.send(receipt())
    place = f"/messages/{viewer.messages()[0]['id']}"

    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in viewer.get(place)[0]
    assert "You gave $25 on December 3, 2026." in viewer.get(f"{place}?view=text")[0]
    assert "Message-ID: &lt;receipt-1@example.org&gt;" in viewer.get(f"{place}?view=source")[0]
    assert "Message-ID: <receipt-1@example.org>" in viewer.get(f"{place}.eml")[0]


def test_the_html_of_an_email_shows_its_images_and_cannot_run_scripts(viewer: Viewer) -> None:
    viewer.send(receipt())
    place = f"/messages/{viewer.messages()[0]['id']}"

    html, headers = viewer.get(f"{place}/html")

    policy = headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    picture = html.split('src="')[1].split('"')[0]
    assert viewer.get(picture)[1]["Content-Type"] == "image/png"


def test_attachments_are_downloaded_and_never_shown(viewer: Viewer) -> None:
    viewer.send(receipt())
    place = f"/messages/{viewer.messages()[0]['id']}"

    bodies = [viewer.get(f"{place}/attachments/{index}") for index in (0, 1)]

    [(body, headers)] = [each for each in bodies if each[0].startswith("%PDF")]
    assert headers["Content-Disposition"] == "attachment; filename=receipt.pdf"
    assert "receipt.pdf" in viewer.get(place)[0]
    assert body == "%PDF-1.7"


def test_emails_are_stored_between_runs_and_listed_newest_first(tmp_path: Path) -> None:
    first, second = receipt(), receipt()
    second.replace_header("Message-ID", "<receipt-2@example.org>")
    with running_viewer(tmp_path) as viewer:
        viewer.send(first)
    with running_viewer(tmp_path) as viewer:
        viewer.send(second)

        identifiers = [entry["message_id"] for entry in viewer.messages()]

    assert identifiers == ["<receipt-2@example.org>", "<receipt-1@example.org>"]


def test_delete_all_works_but_not_for_another_site(viewer: Viewer) -> None:
    viewer.send(receipt())
    delete = viewer.address + "/delete"
    foreign = urllib.request.Request(
        delete, data=b"", headers={"Sec-Fetch-Site": "cross-site"}, method="POST"
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(foreign, timeout=60)
    assert len(viewer.messages()) == 1

    urllib.request.urlopen(delete, data=b"", timeout=60).close()

    assert viewer.messages() == []
    assert "No emails yet" in viewer.get("/")[0]


def test_another_host_name_is_rejected(viewer: Viewer) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        viewer.get("/", Host="rebound.example.org")


@pytest.mark.parametrize(
    "place", ["/messages/none", "/messages/..%2f..%2fetc.eml", "/messages/x/html"]
)
def test_an_unknown_email_is_not_found(viewer: Viewer, place: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        viewer.get(place)


def test_a_damaged_email_is_shown_as_far_as_possible(viewer: Viewer) -> None:
    raw = b"Subject: =?utf-8?b?broken\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xff text"
    with smtplib.SMTP("127.0.0.1", viewer.smtp_port, timeout=60) as client:
        client.sendmail("a@example.org", ["b@example.org"], raw)

    place = f"/messages/{viewer.messages()[0]['id']}"
    assert "text" in viewer.get(f"{place}?view=text")[0]
