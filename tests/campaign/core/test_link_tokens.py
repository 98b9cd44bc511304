"""Tokens of links: made from a key and a name, never stored."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine

from campaign.core.engine_keys import use_secret_keys
from campaign.core.link_tokens import (
    NAME_DIGITS,
    OLD_NAME_DIGITS,
    LinkName,
    LinkToken,
    new_link_name,
    old_link_name,
)

KEY, OLD, OTHER = "k" * 40, "o" * 40, "x" * 40


def engine(*keys: str) -> Engine:
    made = create_engine("postgresql+psycopg://x@127.0.0.1:9/x")
    use_secret_keys(made, keys)
    return made


def read(keys: tuple[str, ...], name: str, kind: str = "receipt") -> str:
    found = LinkToken(kind).process_result_value(name, engine(*keys).dialect)
    assert found is not None
    return found


def looked_up(keys: tuple[str, ...], token: str, kind: str = "receipt") -> str:
    found = LinkToken(kind).process_bind_param(token, engine(*keys).dialect)
    assert found is not None
    return found


def test_a_token_finds_the_row_whose_name_it_has() -> None:
    name = new_link_name()
    token = read((KEY,), name)
    assert looked_up((KEY,), token) == name
    assert token.startswith(name)
    assert len(token) == NAME_DIGITS + 26
    assert token == token.lower(), "a mail server may change the case of an address"


def test_a_name_is_no_token_of_its_row() -> None:
    for name in (new_link_name(), old_link_name("vWq0b3cJ2mXyz_-0123456")):
        assert looked_up((KEY,), str(name)) != name
        assert looked_up((KEY,), LinkName(name)) == name, "our own code stores names as they are"


@pytest.mark.parametrize("fault", ["key", "kind", "name", "end", "case", "longer", "none"])
def test_any_other_token_finds_no_row(fault: str) -> None:
    name = new_link_name()
    token = read(
        (OTHER if fault == "key" else KEY,), name, "email" if fault == "kind" else "receipt"
    )
    wrong = {
        "name": ("0" if token[0] != "0" else "1") + token[1:],
        "end": token[:-1] + ("a" if token[-1] != "a" else "b"),
        "case": token.swapcase(),
        "longer": token + "a",
        "none": name + "a" * 26,
    }.get(fault, token)
    assert looked_up((KEY,), wrong) == old_link_name(wrong)
    assert len(looked_up((KEY,), wrong)) == OLD_NAME_DIGITS


def test_a_link_made_with_an_old_key_opens_until_that_key_is_dropped() -> None:
    name = new_link_name()
    sent = read((OLD,), name)
    assert looked_up((KEY, OLD), sent) == name
    assert looked_up((KEY,), sent) != name
    assert read((KEY, OLD), name) == read((KEY,), name) != sent


def test_a_link_sent_before_the_upgrade_finds_its_row() -> None:
    sent = secrets.token_urlsafe(16)
    name = old_link_name(sent)
    assert looked_up((KEY,), sent) == name
    again = read((KEY,), name)
    assert looked_up((KEY,), again) == name
    assert len(again) <= 50, "with `bounces+` it has to fit into an address: 64 characters"


def test_without_keys_no_link_is_read_or_looked_up() -> None:
    with pytest.raises(RuntimeError, match="no secret keys"):
        read((), new_link_name())
    with pytest.raises(RuntimeError, match="no secret keys"):
        looked_up((), "anything")


@given(st.text())
def test_no_text_is_too_odd_to_look_up(token: str) -> None:
    assert len(looked_up((KEY,), token)) == OLD_NAME_DIGITS
