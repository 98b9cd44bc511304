"""Requests of the OpenID Connect library, sent by our own rules: `campaign.core.outgoing`. Needs the extra `oidc`."""

import io
from collections.abc import Mapping
from typing import Any

import requests
from authlib.integrations.flask_client import FlaskOAuth2App
from requests.adapters import BaseAdapter

from campaign.core.outgoing.connection import OutgoingConnection, OutgoingFailed, OutgoingRules
from campaign.core.outside_text import read_url

PATIENCE_SECONDS = 10.0
"""For one whole request."""
LARGEST_ANSWER = 1024 * 1024


class ProviderAdapter(BaseAdapter):
    """Sends each request over a connection of its own. Any failure is `requests.ConnectionError`."""

    def __init__(self, rules: OutgoingRules) -> None:
        super().__init__()
        self._rules = rules

    def send(
        self, request: requests.PreparedRequest, *_given: object, **_more: object
    ) -> requests.Response:
        parts = read_url(request.url)
        if parts is None:
            raise requests.ConnectionError("the address is not a URL")
        body = request.body.encode() if isinstance(request.body, str) else request.body
        headers = {name: str(value) for name, value in request.headers.items()}
        connection = OutgoingConnection(parts, self._rules)
        try:
            answer = connection.request(
                request.method or "GET",
                request.path_url,
                body if isinstance(body, bytes) else None,
                headers | {"Accept-Encoding": "identity"},
                seconds=PATIENCE_SECONDS,
                most=LARGEST_ANSWER,
            )
        except OutgoingFailed as error:
            raise requests.ConnectionError(str(error)) from error
        finally:
            connection.close()
        if 300 <= answer.status < 400:
            raise requests.ConnectionError("the provider redirects, which is not followed")
        return _response(request, answer.status, answer.headers, answer.body)

    def close(self) -> None:
        """Nothing is kept open."""


def _response(
    request: requests.PreparedRequest, status: int, headers: Mapping[str, str], body: bytes
) -> requests.Response:
    made = requests.Response()
    made.status_code, made.raw, made.request = status, io.BytesIO(body), request
    made.headers.update(headers)
    made.url = request.url or ""
    return made


def client_class(rules: OutgoingRules) -> type[FlaskOAuth2App]:
    """Return the library's client with sessions that send by `rules`."""

    class ProviderSession(FlaskOAuth2App.client_cls):
        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more)
            self.trust_env = False  # no proxy from the environment: it would be asked instead
            for scheme in ("https://", "http://"):
                self.mount(scheme, ProviderAdapter(rules))

    class ProviderClient(FlaskOAuth2App):
        client_cls = ProviderSession

    return ProviderClient
