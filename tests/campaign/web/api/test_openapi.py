"""The API conforms to `/api/openapi.json`."""

from collections.abc import Callable
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from campaign.runtime.context import Installation
from tests.support.api_tokens import EVERYTHING, bearer


def test_responses_conform_to_the_description(
    app: Flask, installation: Installation, gifts: Any
) -> None:
    token = bearer(installation, *EVERYTHING)
    app.config["RATELIMIT_ENABLED"] = False
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    assert schema.raw_schema["openapi"].startswith("3.1")
    schema.validate()
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 10
    for operation in operations:
        check = settings(
            max_examples=8,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )(_checker(operation, token))
        check()


def _checker(operation: Any, token: str) -> Callable[[], None]:
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        # A cursor is opaque: no schema can describe which are valid.
        opaque = [positive_data_acceptance] if "cursor" in (case.query or {}) else []
        case.call_and_validate(headers=token, excluded_checks=opaque)

    return check
