"""Which answers the proxy keeps for other readers, for how long and under which name: the shipped nginx, for real."""

import threading
import time
from collections.abc import Iterator
from itertools import count

import pytest

from tests.support.proxy import SHORT, Proxy, needs_nginx
from tests.support.upstream import Answer, Received, Upstream
from tests.support.waiting import wait_until

pytestmark = needs_nginx
NUMBERS = count()


@pytest.fixture(scope="module")
def web() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture(scope="module")
def proxy(web: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with Proxy(tmp_path_factory.mktemp("nginx"), web.port) as running:
        yield running


@pytest.fixture
def page() -> str:
    """The address of a page that no other test asks for."""
    return f"/c/winter{next(NUMBERS)}"


def test_a_shared_page_is_requested_once_for_all_readers(
    web: Upstream, proxy: Proxy, page: str
) -> None:
    web.shares(page)
    replies = [proxy.get(page, Cookie=f"analytics={number}") for number in range(5)]
    assert [reply.cache for reply in replies] == ["MISS", *["HIT"] * 4]
    assert {reply.text for reply in replies} == {f"{page} 1"}
    assert len(web.asked(page)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cache-Control": "no-store"},
        {"Cache-Control": "private, no-store"},
        {"Cache-Control": "private, max-age=60"},
        {"Cache-Control": "no-cache"},
        {"Cache-Control": "private, no-cache"},
        {"Cache-Control": "public, max-age=0"},
        {"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"Cache-Control": "public, max-age=60", "Set-Cookie": "session=ana"},
        {"Cache-Control": "public, max-age=60", "Vary": "*"},
    ],
)
def test_a_page_that_does_not_allow_it_is_never_kept(
    web: Upstream, proxy: Proxy, page: str, headers: dict[str, str]
) -> None:
    web.answers(page, lambda asked: Answer(asked.headers["cookie"].encode(), headers))
    assert proxy.get(page, Cookie="ana").text == "ana"
    assert proxy.get(page, Cookie="ben").text == "ben"


@pytest.mark.parametrize("status", [301, 302, 303, 401, 403, 404, 429, 500, 502, 503])
def test_an_error_or_redirect_without_a_lifetime_is_never_kept(
    web: Upstream, proxy: Proxy, page: str, status: int
) -> None:
    web.answers(page, Answer(status=status))
    assert [proxy.get(page).status for _ in range(2)] == [status] * 2
    assert len(web.asked(page)) == 2


def test_a_page_is_kept_for_its_own_lifetime(web: Upstream, proxy: Proxy, page: str) -> None:
    web.shares(page, seconds=1)
    web.shares(f"{page}/images", seconds=60)
    for target in (page, f"{page}/images"):
        proxy.get(target)
    expire(web, proxy, page)
    assert proxy.get(page).text == f"{page} 2"
    assert proxy.get(f"{page}/images").cache == "HIT"


def test_every_address_has_its_own_page(web: Upstream, proxy: Proxy, page: str) -> None:
    web.shares(page)
    web.shares(page.upper())
    targets = [page, f"{page}?lang=es", f"{page}?lang=fr", f"{page}?", page.upper()]
    for target in targets * 2:
        assert proxy.get(target).text.split()[0] == target


def test_every_host_has_its_own_page(web: Upstream, proxy: Proxy, page: str) -> None:
    def named(asked: Received) -> Answer:
        return Answer(asked.headers["host"].encode(), {"Cache-Control": "public, max-age=60"})

    web.answers(page, named)
    for host in ["give.example.org", "other.example.org", "give.example.org:8443"] * 2:
        assert proxy.get(page, Host=host).text == host


def test_an_answer_to_a_request_with_authorization_is_for_nobody_else(
    web: Upstream, proxy: Proxy, page: str
) -> None:
    """Even if the application marked it as shared by mistake."""
    web.shares(page)
    assert proxy.get(page, Authorization="Bearer ana").text == f"{page} 1"
    assert proxy.get(page).text == f"{page} 2"
    assert proxy.get(page, Authorization="Bearer ana").text == f"{page} 3"
    assert proxy.get(page).text == f"{page} 2"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_only_reading_is_answered_from_the_cache(
    web: Upstream, proxy: Proxy, page: str, method: str
) -> None:
    web.shares(page)
    for _ in range(2):
        proxy.ask(method, page, b"amount=25")
    assert len(web.asked(page)) == 2
    assert proxy.get(page).text == f"{page} 3", "what a form got is not shown to readers"
    proxy.ask(method, page, b"amount=25")
    assert len(web.asked(page)) == 4


@pytest.mark.parametrize(
    "path",
    [
        "/staff/donors",
        "/staff/sign-in/link/s3cret",
        "/stripe/webhook",
        "/c/winter/progress/stream",
        "/donations/t0ken",
        "/receipts/t0ken.pdf",
        "/subscriptions/t0ken/card",
        "/unsubscribe/t0ken",
        "/me/link/s3cret",
        "/me/address/s3cret",
        "/remind/s3cret",
    ],
)
def test_pages_of_one_person_are_not_kept_even_by_mistake(
    web: Upstream, proxy: Proxy, path: str
) -> None:
    web.shares(path)
    assert [proxy.get(path).text for _ in range(2)] == [f"{path} 1", f"{path} 2"]


def expire(web: Upstream, proxy: Proxy, page: str) -> None:
    """Wait until a lifetime of a second, if it began before this call, is over."""
    web.shares(f"{page}/clock", seconds=1)
    proxy.get(f"{page}/clock")
    wait_until(lambda: proxy.get(f"{page}/clock").text.endswith(" 2"))


def test_readers_of_an_expired_page_get_it_while_the_web_is_away(
    web: Upstream, proxy: Proxy, page: str
) -> None:
    web.shares(f"{page}/crash", seconds=1)
    failures = {f"{page}/{status}": Answer(status=status) for status in (500, 502, 503, 504)}
    for target in failures:
        web.shares(target, seconds=1)
    first = {target: proxy.get(target).text for target in (*failures, f"{page}/crash")}
    for target, failure in failures.items():
        web.answers(target, failure)
    web.dies(f"{page}/crash")
    expire(web, proxy, page)
    for target, text in [*first.items()] * 2:
        reply = proxy.get(target)
        assert (reply.status, reply.text, reply.cache) == (200, text, "STALE"), target


def test_an_expired_page_that_takes_too_long_is_shown_as_it_was(
    web: Upstream, page: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    web.shares(page, seconds=1)
    ended = threading.Event()

    def hangs(_asked: Received) -> None:
        ended.wait(60)

    with Proxy(tmp_path_factory.mktemp("nginx"), web.port, SHORT) as impatient:
        wait_until(lambda: impatient.get(page).status == 200)
        web.answers(page, hangs)
        wait_until(lambda: impatient.get(page).cache == "STALE")
        ended.set()


def test_a_page_that_is_gone_or_refused_is_not_shown_from_the_cache(
    web: Upstream, proxy: Proxy, page: str
) -> None:
    statuses = (301, 403, 404, 410, 429)
    for status in statuses:
        web.shares(f"{page}/{status}", seconds=1)
        proxy.get(f"{page}/{status}")
        web.answers(f"{page}/{status}", Answer(status=status))
    expire(web, proxy, page)
    assert tuple(proxy.get(f"{page}/{status}").status for status in statuses) == statuses


def test_without_a_kept_page_the_reader_learns_that_the_web_is_away(
    web: Upstream, proxy: Proxy, page: str
) -> None:
    web.dies(page)
    assert proxy.get(page).status == 502


def test_many_readers_of_a_new_page_are_one_request(web: Upstream, proxy: Proxy, page: str) -> None:
    def slow(_asked: Received) -> Answer:
        time.sleep(0.3)  # the time that the web takes to make the page
        return Answer(b"made", {"Cache-Control": "public, max-age=60"})

    web.answers(page, slow)
    readers = [threading.Thread(target=proxy.get, args=(page,)) for _ in range(16)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    # After two seconds each asks on its own: on a busy machine a few may.
    assert len(web.asked(page)) < 8


def test_nobody_waits_while_an_expired_page_is_made_anew(
    web: Upstream, proxy: Proxy, page: str
) -> None:
    web.shares(page, seconds=1, stale=600)
    first = proxy.get(page).text
    made = threading.Event()

    def slow(_asked: Received) -> Answer:
        made.wait(30)
        return Answer(b"new", {"Cache-Control": "public, max-age=60"})

    web.answers(page, slow)
    expire(web, proxy, page)
    assert {proxy.get(page).text for _ in range(5)} == {first}
    made.set()
    wait_until(lambda: proxy.get(page).text == "new")
    assert len(web.asked(page)) == 2


def test_an_old_page_is_shown_no_longer_than_it_allows(
    web: Upstream, proxy: Proxy, page: str
) -> None:
    web.shares(page, seconds=1)
    proxy.get(page)
    expire(web, proxy, page)
    assert proxy.get(page).text == f"{page} 2"
