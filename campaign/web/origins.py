"""Check where a form was posted from, for views that accept forms without a session."""

from flask import abort, request

from campaign.core.outside_text import NO_URL, read_our_url, read_url
from campaign.web.context import installation


def refuse_cross_site() -> None:
    """Abort with 403 if another site posted the form from a reader's browser; other clients send neither header.

    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            abort(403)
        return
    origin = request.headers.get("Origin")
    if origin is None:
        return
    # `web.site_address` has set the host of the request: it is this site's, whatever the request said.
    ours = {read_our_url(installation().settings.site_url).netloc, request.host}
    if (read_url(origin) or NO_URL).netloc not in ours:
        abort(403)
