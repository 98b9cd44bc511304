"""The parameters that the API reads and the shape of what it answers."""

import pytest
from flask.testing import FlaskClient

from tests.support.api_tokens import EVERYTHING, bearer


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ("donations?limit=0", 422, "limit"),
        ("donations?state=lovely", 422, "state"),
        ("donations?since=yesterday", 422, "since"),
        ("donations?cursor=%00", 422, "cursor"),
        ("donations?cursor=W10", 422, "cursor"),
        ("donations?colour=red", 422, "colour"),
        ("donations/don_none", 404, None),
        ("campaigns/none", 404, None),
        ("donors/999999", 404, None),
        ("nothing/here", 404, None),
    ],
)
def test_problems_say_what_is_wrong(client: FlaskClient, installation, path, status, named):
    answer = client.get(f"/api/v1/{path}", headers=bearer(installation, *EVERYTHING))
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == status
    assert named is None or named in answer.json["errors"]
