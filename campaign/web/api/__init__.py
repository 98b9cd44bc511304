"""The read API under `/api/v1`, described at `/api/openapi.json`. For servers, not browsers: no CORS."""

from flask import Flask
from flask_smorest import Api

from campaign.web.api import campaigns, donations, donors, ledger
from campaign.web.api.access import SCHEME

DESCRIPTION = (
    "Read campaigns, donations, donors, receipts and the ledger. Amounts are integers in minor units, with a lowercase"
    " ISO 4217 currency code. Times are RFC 3339 with an offset. Lists are sorted newest first."
)


def register(app: Flask) -> None:
    """Register the API in `app`."""
    app.config.update(
        API_TITLE="Campaign read API",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION},
            "components": {"securitySchemes": {SCHEME: {"type": "http", "scheme": "bearer"}}},
        },
    )
    api = Api(app)
    for blueprint in (campaigns.blueprint, donations.blueprint, donors.blueprint, ledger.blueprint):
        api.register_blueprint(blueprint)
