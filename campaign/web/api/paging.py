"""Pages of a list, with the URL of the next page in the `Link` header (RFC 8288)."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import request

from campaign.integrations.queries import Page
from campaign.web.context import installation

NEXT = {"Link": {"schema": {"type": "string"}, "description": "The next page, if there is one."}}
PageResponse = tuple[dict[str, Any], int, dict[str, str]]


def page_response(page: Page, payload: Callable[[Any], dict[str, Any]]) -> PageResponse:
    """Return the page's body, status and headers; `payload` converts each row to the fields of its schema."""
    body = {"items": [payload(row) for row in page.rows], "next_cursor": page.next_cursor}
    if page.next_cursor is None:
        return body, 200, {}
    filters = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    query = urlencode([*filters, ("cursor", page.next_cursor)])
    address = installation().address(f"{request.path}?{query}")
    return body, 200, {"Link": f'<{address}>; rel="next"'}
