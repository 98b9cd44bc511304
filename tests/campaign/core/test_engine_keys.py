"""Keys beside an engine: digests of addresses and sealed texts mean nothing without them."""

import hashlib

import pytest
from sqlalchemy.orm import Session

from campaign.core.engine_keys import address_digests, keys_of, seal, unseal, use_secret_keys
from tests.campaign.core.test_link_tokens import KEY, OLD, engine


def test_a_digest_ignores_case_and_is_not_that_of_the_address_alone() -> None:
    session = Session(engine(KEY, OLD))
    found = address_digests(session, " Ana@Example.org")
    assert found == address_digests(session, "ana@example.org")
    assert len(set(found)) == 2, "one for each key"
    assert hashlib.sha256(b"ana@example.org").hexdigest() not in found
    assert address_digests(Session(engine(OLD)), "ana@example.org") == found[1:]


def test_what_was_sealed_is_read_with_its_key_only() -> None:
    sealed = seal(Session(engine(OLD)), "ana@example.org")
    assert "ana" not in bytes.fromhex(sealed).decode()
    assert unseal(Session(engine(KEY, OLD)), sealed) == "ana@example.org"
    assert unseal(Session(engine(KEY)), sealed) is None
    assert unseal(Session(engine(KEY)), "no hex") is None


def test_each_purpose_has_keys_of_its_own_and_new_secrets_replace_old_ones() -> None:
    made = engine(KEY)
    links, erased = (keys_of(made.dialect, one) for one in ("links", "erased"))
    assert links != erased
    use_secret_keys(made, [OLD])
    assert keys_of(made.dialect, "links") != links
    with pytest.raises(RuntimeError, match="no secret keys"):
        keys_of(engine().dialect, "links")
