"""The private broker requires its password, stores nothing and leaves nothing behind."""

import pytest
import redis

from sandbox.servers import PrivateBroker, free_port
from sandbox.servers.ports import port_is_free
from sandbox.servers.process import command_of


def test_it_requires_a_password_and_leaves_no_process() -> None:
    with PrivateBroker() as broker:
        client = redis.Redis.from_url(broker.url)
        assert client.ping()
        assert client.config_get("save") == {"save": ""}
        client.close()
        stranger = redis.Redis(port=broker.port)
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()
        stranger.close()
        process = broker.process_id

    assert not command_of(process)


def test_its_password_is_not_among_its_arguments() -> None:
    with PrivateBroker() as broker:
        password = broker.url.split(":")[2].split("@")[0]
        assert password not in command_of(broker.process_id)


def test_two_brokers_can_run_at_once() -> None:
    with PrivateBroker() as first, PrivateBroker() as second:
        assert first.port != second.port
        assert not first.ended()
        assert not second.ended()


def test_a_preferred_port_is_used_only_if_it_is_free() -> None:
    port = free_port()
    assert free_port(port) == port
    with PrivateBroker() as broker:
        assert not port_is_free(broker.port)
        assert free_port(broker.port) != broker.port
