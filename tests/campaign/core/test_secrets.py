"""Secrets in links: long, random, and stored only as a digest."""

import re

from campaign.core.secrets import digest_of, new_secret


def test_a_secret_has_256_random_bits_and_fits_a_url() -> None:
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", one) for one in made)


def test_a_digest_stays_the_same_over_releases_and_hides_the_secret() -> None:
    # Links that were sent by an earlier release are looked up by this.
    assert digest_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_of("é") == "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"
    assert digest_of("abc") != digest_of("Abc")
