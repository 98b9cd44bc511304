"""The Flask application of one sandbox: API, hosted pages and controls."""

from typing import TYPE_CHECKING

from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider

from sandbox.stripe.api import requests
from sandbox.stripe.control import faults, routes
from sandbox.stripe.page import checkout, documents, index, portal

if TYPE_CHECKING:
    from sandbox.stripe.server import StripeSandbox


def create_application(sandbox: "StripeSandbox") -> Flask:
    app = Flask("sandbox.stripe", template_folder="page/templates", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 1_000_000
    app.url_map.strict_slashes = False
    app.json = DefaultJSONProvider(app)
    app.json.sort_keys = False
    app.register_blueprint(requests.blueprint(sandbox.account))
    app.register_blueprint(routes.blueprint(sandbox))
    app.register_blueprint(checkout.blueprint(sandbox.account))
    app.register_blueprint(portal.blueprint(sandbox.account))
    app.register_blueprint(documents.blueprint(sandbox.account))
    app.register_blueprint(index.blueprint(sandbox))
    app.register_error_handler(faults.Dropped, lambda _: Response(status=500))
    app.register_error_handler(404, _nothing)
    app.register_error_handler(405, _nothing)
    return app


def _nothing(_error: Exception) -> Response:
    if request.path.startswith("/v1"):
        return requests.unrecognized()
    return Response("Not found.\n", 404, mimetype="text/plain")
