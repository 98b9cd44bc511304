"""Ids in Stripe's format."""

import secrets
import string

_CHARACTERS = string.ascii_letters + string.digits
_LENGTHS = {"cs_test_": 58, "cus_": 14, "prod_": 14, "si_": 14, "req_": 14, "whsec_": 32}


def new_id(prefix: str) -> str:
    """Return `prefix` plus as many random characters as Stripe uses for that kind of object."""
    return prefix + "".join(secrets.choice(_CHARACTERS) for _ in range(_LENGTHS.get(prefix, 24)))
