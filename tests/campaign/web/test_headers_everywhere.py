"""The headers that protect readers are on every answer: pages, files, redirects, errors, from the cache or not."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from campaign import create_app
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.routes import address, pages

YEAR = 31_536_000
STRIPE_LIVE = "https://api.stripe.com"


@pytest.fixture
def https(installation: Installation) -> Iterator[Flask]:
    """The application as in production: at an https address, with Stripe itself."""
    settings = replace(
        installation.settings, site_url="https://give.example.org", stripe_api_base=STRIPE_LIVE
    )
    made = create_app(replace(installation, settings=settings))
    made.add_url_rule("/fails", view_func=fails)
    yield made
    made.extensions["live"].close()
    made.extensions["visits"].close()


def fails() -> str:
    raise RuntimeError("on purpose")


def answers(app: Flask) -> Iterator[tuple[str, TestResponse]]:
    """Yield an answer of every page, and of every kind of error; twice, so that caches answer too."""
    client = app.test_client()
    targets = [address(rule, "x") for rule in pages(app)]
    for target in [*targets, "/nowhere", "/static/favicon.svg", "/static/nowhere.css", "/fails"]:
        for _ in range(2):
            yield target, client.get(target)
    yield "405", client.post("/campaigns")
    yield "413", client.post("/me", data={"email": "x" * 100_000})
    yield "422", client.post("/c/nine-days/donate", data={"amount": "x", "attempt": "a"})
    yield "bad signature", client.post("/stripe/webhook", data=b"{}")
    yield "compressed", client.get("/c/nine-days", headers={"Accept-Encoding": "gzip"})


def policy(answer: TestResponse) -> dict[str, list[str]]:
    """Return the sources of each directive of the Content-Security-Policy."""
    directives = answer.headers["Content-Security-Policy"].split(";")
    return {words[0]: words[1:] for words in map(str.split, directives) if words}


def test_browsers_use_https_only_for_a_year_after_any_answer(
    https: Flask, campaign: Campaign
) -> None:
    for target, answer in answers(https):
        [value] = answer.headers.getlist("Strict-Transport-Security")
        found = dict(part.strip().partition("=")[::2] for part in value.split(";"))
        assert int(found["max-age"]) >= YEAR, target
        # The rest of the domain is the newsroom's own decision.
        assert set(found) == {"max-age"}, target


def test_a_site_without_https_does_not_ask_for_it(client: FlaskClient, campaign: Campaign) -> None:
    """Otherwise `./dev run` would lock developers out of their other projects on localhost."""
    for target in ("/", "/c/nine-days", "/me", "/staff/", "/nowhere"):
        assert "Strict-Transport-Security" not in client.get(target).headers


def test_no_answer_lets_a_foreign_script_run(https: Flask, campaign: Campaign) -> None:
    for target, answer in answers(https):
        found = policy(answer)
        assert found["default-src"] == ["'none'"], target
        framed = {"frame-ancestors"}  # a test below
        sources = {source for name in set(found) - framed for source in found[name]}
        assert not sources & {"*", "'unsafe-inline'", "'unsafe-eval'", "https:", "http:", "blob:"}
        assert found.get("script-src", ["'self'"]) in (["'self'"], ["'none'"]), target
        assert found["base-uri"] == ["'none'"], target


def test_only_the_widget_may_be_framed_by_others(https: Flask, campaign: Campaign) -> None:
    for target, answer in answers(https):
        if answer.status_code == 200 and target.endswith("/embed"):
            assert policy(answer).get("frame-ancestors") == ["*"]
        else:
            assert policy(answer)["frame-ancestors"] == ["'none'"], target


def test_forms_go_to_us_and_to_stripes_pages_only(https: Flask, campaign: Campaign) -> None:
    """A redirect counts as the target of a form, so Stripe's hosts are needed."""
    found = policy(https.test_client().get("/c/nine-days"))
    stripe = ["https://checkout.stripe.com", "https://billing.stripe.com"]
    assert found["form-action"] == ["'self'", *stripe]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Content-Type-Options", "nosniff"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"),
    ],
)
def test_browsers_neither_guess_types_nor_give_us_devices(
    https: Flask, campaign: Campaign, name: str, value: str
) -> None:
    for target, answer in answers(https):
        assert answer.headers.getlist(name) == [value], target


def test_other_sites_do_not_learn_which_page_a_reader_comes_from(
    https: Flask, campaign: Campaign
) -> None:
    for target, answer in answers(https):
        assert answer.headers["Referrer-Policy"] in {
            "strict-origin-when-cross-origin",  # only our host
            "same-origin",
            "no-referrer",
        }, target
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", target


PERSONAL = ("/donations/", "/receipts/", "/subscriptions/", "/unsubscribe/", "/me", "/staff")


def test_personal_pages_are_kept_by_nobody_and_found_by_no_search_engine(
    https: Flask, campaign: Campaign
) -> None:
    client = https.test_client()
    for rule in pages(https):
        if rule.rule.startswith(PERSONAL) and rule.rule != "/metrics":
            answer = client.get(address(rule, "x"))
            assert "no-store" in answer.headers["Cache-Control"], rule
            assert "public" not in answer.headers["Cache-Control"], rule


def test_answers_of_the_api_are_kept_by_nobody(https: Flask, campaign: Campaign) -> None:
    client = https.test_client()
    for rule in pages(https):
        if rule.rule.startswith("/api/v1"):
            assert client.get(address(rule, "1")).headers["Cache-Control"] == "no-store", rule
