"""The read API under `/api/v1`, and its description at `/api/openapi.json`. For servers, not for browsers: no CORS."""

from flask import Flask
from flask_smorest import Api

from campaign.web.api import campaigns, donations, donors, ledger
from campaign.web.api.access import SCHEME

DESCRIPTION = (
    "Reads campaigns, donations, donors and the books. Money is integer minor units beside a lower-case ISO 4217 code;"
    " instants are RFC 3339 with offset. Lists give the newest first."
)


def register(app: Flask) -> None:
    """Open the API in `app`."""
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
