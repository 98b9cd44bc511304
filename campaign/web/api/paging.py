"""A page of a list, with the address of the next in its `Link` header (RFC 8288)."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import request

from campaign.integrations.queries import Page
from campaign.web.context import installation

NEXT = {"Link": {"schema": {"type": "string"}, "description": "The next page, where there is one."}}
PageResponse = tuple[dict[str, Any], int, dict[str, str]]


def page_response(page: Page, told: Callable[[Any], dict[str, Any]]) -> PageResponse:
    """The page's body, status and headers; `told` makes each row what its schema has."""
    body = {"items": [told(row) for row in page.rows], "next_cursor": page.next_cursor}
    if page.next_cursor is None:
        return body, 200, {}
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    query = urlencode([*kept, ("cursor", page.next_cursor)])
    address = installation().address(f"{request.path}?{query}")
    return body, 200, {"Link": f'<{address}>; rel="next"'}
