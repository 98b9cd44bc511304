"""Compressed pages and files: smaller, unchanged, and revalidated by their ETags."""

import gzip
from typing import Any

import pytest
from flask.testing import FlaskClient

from campaign.models import Campaign, StaffRole
from campaign.web.compression import accepts_gzip

PACKED = {"Accept-Encoding": "gzip, deflate, br"}


def test_public_responses_are_compressed_and_unchanged(
    client: FlaskClient, campaign: Campaign
) -> None:
    page = client.get("/c/nine-days").text
    files = [part.partition('"')[0] for part in page.split('"/static/')[1:]]
    assert files
    for path in ("/c/nine-days", "/c/nine-days?amount=25", *(f"/static/{one}" for one in files)):
        whole, packed = client.get(path), client.get(path, headers=PACKED)
        assert "Content-Encoding" not in whole.headers
        if len(whole.data) < 500:
            continue
        assert packed.headers["Content-Encoding"] == "gzip"
        assert int(packed.headers["Content-Length"]) == len(packed.data) < len(whole.data) / 1.5
        if "amount" not in path:  # there the form's token differs
            assert gzip.decompress(packed.data) == whole.data
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert "Accept-Encoding" in whole.headers["Vary"]


def test_either_etag_revalidates_a_file(client: FlaskClient, campaign: Campaign) -> None:
    whole = client.get("/static/site.css")
    packed = client.get("/static/site.css", headers=PACKED)
    assert packed.headers["ETag"] == f"W/{whole.headers['ETag']}"
    for tag in (whole.headers["ETag"], packed.headers["ETag"]):
        again = client.get("/static/site.css", headers=PACKED | {"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")
    part = client.get("/static/site.css", headers=PACKED | {"Range": "bytes=0-9"})
    assert (part.status_code, len(part.data)) == (206, 10)


def test_secrets_and_streams_are_not_compressed(
    client: FlaskClient, campaign: Campaign, staff: Any
) -> None:
    page = staff(StaffRole.admin).get("/staff/", headers=PACKED)
    assert "Content-Encoding" not in page.headers
    with client.get("/c/nine-days/progress/stream", headers=PACKED, buffered=False) as stream:
        assert next(stream.response).startswith(b"retry")  # type: ignore[call-overload]
        assert "Content-Encoding" not in stream.headers


@pytest.mark.parametrize(
    "header",
    [
        *("gzip", "gzip, deflate, br", "br, gzip", "GZIP", "x-gzip", "gzip;q=1", "gzip; q=0.5"),
        *("br;q=0, gzip;q=0.001", "identity;q=0, gzip", " gzip ; q=0.1 , br"),
    ],
)
def test_who_accepts_gzip_gets_it(header: str) -> None:
    assert accepts_gzip(header)


@pytest.mark.parametrize(
    "header",
    [
        *("", "br", "identity", "gzip;q=0", "gzip; q=0.000", "gzip;Q=0", "br, gzip;q=0.0", "*"),
        *("gzipped", "not-gzip", "gzip;q=0, br", "x-gzip;q=0", "gzip ;q = 0", None),
    ],
)
def test_who_refuses_or_does_not_name_gzip_gets_the_page_as_it_is(header: str | None) -> None:
    assert not accepts_gzip(header)


def test_pages_and_the_script_are_not_compressed_for_who_refuses(
    client: FlaskClient, campaign: Campaign
) -> None:
    for path in ("/", "/c/nine-days", "/embed.js", "/static/site.css"):
        answer = client.get(path, headers={"Accept-Encoding": "gzip;q=0"})
        assert "Content-Encoding" not in answer.headers, path
        assert client.get(path, headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"]
