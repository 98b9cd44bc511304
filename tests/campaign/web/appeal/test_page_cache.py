"""Pages that are kept for a second: by path and language, until a gift arrives."""

from collections.abc import Callable

from flask.testing import FlaskClient

from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.campaigns import running
from tests.support.stripe import Facts
from tests.support.waiting import wait_until


def test_the_page_is_kept_for_a_second_and_dropped_when_a_gift_arrives(
    client: FlaskClient,
    installation: Installation,
    give: Callable[..., Facts],
    store: Callable[..., None],
) -> None:
    assert "$0 of $50,000" in client.get("/c/nine-days").text
    # The form's attempt is made anew whenever the page is rendered: equal bytes were kept.
    wait_until(lambda: client.get("/c/nine-days").data == client.get("/c/nine-days").data)
    assert 'value="article-7"' in client.get("/c/nine-days?code=article-7").text
    store(give().completed())
    apply_due_events(installation)
    wait_until(lambda: "$25 of $50,000" in client.get("/c/nine-days").text)


def test_a_page_is_kept_by_language_and_by_nothing_else(
    client: FlaskClient, installation: Installation
) -> None:
    running(installation)
    for query in ("", "?lang=es"):
        address = f"/c/winter{query}"
        wait_until(lambda at=address: client.get(at).data == client.get(at).data)
    assert client.get("/c/winter").data != client.get("/c/winter?lang=es").data
    for query in ("?lang=xx", "?lang=es&code=a"):
        # The form's attempt is made anew whenever the page is rendered.
        address = f"/c/winter{query}"
        assert client.get(address).data != client.get(address).data
