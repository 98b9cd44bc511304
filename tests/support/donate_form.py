"""The appeal's form as a browser posts it, and the resulting donations."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from campaign.models import Donation
from campaign.runtime.context import Installation

FORM = {"amount": "25", "frequency": "one_time", "email": "ana@example.org", "attempt": "a-1"}


def give(
    client: FlaskClient, headers: dict[str, str] | None = None, **changes: Any
) -> TestResponse:
    return client.post("/c/nine-days/donate", data={**FORM, **changes}, headers=headers or {})


def donations(installation: Installation) -> list[Donation]:
    with installation.sessions() as session:
        return list(session.scalars(select(Donation).order_by(Donation.id)))
