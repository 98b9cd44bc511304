"""The store of rate limits: shared by web processes, apart from the broker, and missing sometimes."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from campaign.core.settings import Settings
from campaign.models import Campaign
from campaign.runtime.context import Installation, make_installation
from campaign.web.app import create_app
from campaign.web.limits import limiter, store_is_down, store_url
from sandbox.servers import PrivateBroker, free_port
from tests.support.donate_form import FORM
from tests.support.passwords import PASSWORD, with_password
from tests.support.staff import browser

AppFor = Callable[[str], Flask]


@pytest.fixture
def app_for(installation: Installation) -> Iterator[AppFor]:
    """Make an application that counts in the given store."""
    made: list[Flask] = []

    def make(url: str) -> Flask:
        settings = replace(installation.settings, limits_url=url)
        made.append(create_app(replace(installation, settings=settings)))
        return made[-1]

    yield make
    for one in made:
        one.extensions["live"].close()
        one.extensions["visits"].close()


@pytest.fixture(scope="module")
def store() -> Iterator[PrivateBroker]:
    with PrivateBroker() as running:
        yield running


def guess(app: Flask, number: int = 0) -> int:
    form = {"email": "ana@example.org", "password": f"guess {number}"}
    return browser(app).post_form("/staff/sign-in", form).status_code


def donate(client: FlaskClient, email: str = "ana@example.org") -> int:
    """Send a form that is understood but begins no payment."""
    form = {**FORM, "amount": "x", "email": email}
    return client.post("/c/nine-days/donate", data=form).status_code


@pytest.mark.parametrize(
    ("broker", "limits", "found"),
    [
        ("redis://broker:6379/0", "redis://limits:6379/0", "redis://limits:6379/0"),
        ("redis://:secret@broker:6379/0", None, "redis://:secret@broker:6379/1"),
        ("redis://broker", None, "redis://broker/1"),
        ("rediss://broker:6379/3?ssl_cert_reqs=required", None, None),
        ("amqp://broker", None, "memory://"),
        ("unix:///run/valkey.sock", None, "memory://"),
        (None, None, "memory://"),
    ],
)
def test_limits_are_never_counted_in_the_brokers_own_database(
    settings: Settings, broker: str | None, limits: str | None, found: str | None
) -> None:
    url = store_url(replace(settings, broker_url=broker, limits_url=limits))
    assert url == (found or "rediss://broker:6379/4?ssl_cert_reqs=required")
    assert url != broker


def test_web_processes_count_together_and_the_store_holds_nobody(
    app_for: AppFor, store: PrivateBroker, installation: Installation, campaign: Campaign
) -> None:
    redis.Redis.from_url(store.url).flushdb()
    first, second = app_for(store.url), app_for(store.url)
    assert [guess(first, number) for number in range(5)] == [422] * 5
    assert [guess(second, number) for number in range(6)] == [422] * 5 + [429]
    assert donate(first.test_client()) == 422
    kept = redis.Redis.from_url(store.url)
    keys = [key.decode() for key in kept.scan_iter()]
    assert len(keys) >= 4
    for key in keys:
        assert "ana" not in key
        assert "127.0.0.1" not in key
        assert len(key) < 90
        # Every count ends by itself, so the store may evict by age.
        assert 0 < kept.ttl(key) <= 3600


def test_a_right_password_is_given_back_in_the_store(
    app_for: AppFor, store: PrivateBroker, installation: Installation
) -> None:
    redis.Redis.from_url(store.url).flushdb()
    app = app_for(store.url)
    with_password(app, installation, "bea@example.org")
    form = {"email": "bea@example.org", "password": PASSWORD}
    for _ in range(12):
        assert browser(app).post_form("/staff/sign-in", form).status_code == 303
    counts = redis.Redis.from_url(store.url)
    assert {int(counts.get(key)) for key in counts.scan_iter()} == {0}


@pytest.fixture(params=["refuses", "never answers"])
def missing_store(request: pytest.FixtureRequest) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = free_port() if request.param == "refuses" else silent.getsockname()[1]
        yield f"redis://127.0.0.1:{port}/0"


def test_without_the_store_donations_go_on_and_guesses_get_fewer_tries(
    app_for: AppFor, missing_store: str, installation: Installation, campaign: Campaign
) -> None:
    app = app_for(missing_store)
    client = app.test_client()
    assert [donate(client, f"{number}@example.org") for number in range(200)] == [422] * 200
    assert store_is_down()
    assert [guess(app, number) for number in range(4)] == [422] * 3 + [429]
    with_password(app, installation, "bea@example.org")
    form = {"email": "bea@example.org", "password": PASSWORD}
    for _ in range(5):
        assert browser(app).post_form("/staff/sign-in", form).status_code == 303


def test_a_full_store_does_not_stop_a_donation(
    app_for: AppFor, campaign: Campaign, installation: Installation
) -> None:
    with PrivateBroker() as full:
        control = redis.Redis.from_url(full.url)
        control.config_set("maxmemory-policy", "noeviction")
        control.config_set("maxmemory", "1")
        app = app_for(full.url)
        assert donate(app.test_client()) == 422
        assert [guess(app, number) for number in range(4)] == [422] * 3 + [429]


def test_a_store_that_comes_back_is_used_again(
    app_for: AppFor, store: PrivateBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis.Redis.from_url(store.url).flushdb()
    app = app_for(store.url)
    limiter._storage_dead = True
    assert store_is_down()
    # The limiter asks a store that failed again after 1 second, then after 2, 4 …
    monkeypatch.setattr(limiter, "_Limiter__last_check_backend", 0.0)
    assert guess(app) == 422
    assert not store_is_down()
    assert len(list(redis.Redis.from_url(store.url).scan_iter())) == 3


def test_an_application_does_not_take_over_the_failure_of_another(
    app_for: AppFor, missing_store: str, settings: Settings
) -> None:
    guess(app_for(missing_store))
    assert store_is_down()
    app_for("memory://")
    assert not store_is_down()


def test_the_setting_is_an_address_of_redis(settings: Settings) -> None:
    assert make_installation(replace(settings, limits_url=None)).settings.limits_url is None
