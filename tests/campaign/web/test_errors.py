"""Errors as pages: in the reader's language, with the way on, and nothing of our inside."""

import pytest
from flask.testing import FlaskClient

from campaign.models import Campaign


@pytest.mark.parametrize(
    ("path", "accepted", "told"),
    [
        ("/c/unknown", "", "There is nothing at this address"),
        ("/c/unknown?lang=es", "", "No hay nada en esta dirección"),
        ("/c/unknown", "es-MX,es;q=0.9", "No hay nada en esta dirección"),
        ("/c/unknown?lang=en", "es", "There is nothing at this address"),
        ("/staff/unknown?lang=es", "es", "There is nothing at this address"),
    ],
)
def test_an_error_speaks_to_the_browser(
    client: FlaskClient, path: str, accepted: str, told: str
) -> None:
    answer = client.get(path, headers={"Accept-Language": accepted})
    assert answer.status_code == 404
    assert told in answer.text


def test_what_is_too_large_is_refused_in_the_language_of_the_address(
    client: FlaskClient, campaign: Campaign
) -> None:
    answer = client.post("/c/nine-days/remind?lang=es", data={"email": "x" * 100_000})
    assert answer.status_code == 413
    assert "Eso era demasiado grande" in answer.text
