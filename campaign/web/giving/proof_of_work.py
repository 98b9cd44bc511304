"""Proof of work for suspicious attempts to give: https://altcha.org/docs/v2/proof-of-work/.

The browser searches a number whose derived key (PBKDF2, RFC 8018) begins with a given prefix; checking takes one HMAC.
The number is at most `difficulty`, so a slow phone has a bounded time, not an average one.
"""

import secrets
from typing import Any

from altcha import create_challenge, verify_solution
from altcha.v2 import Payload

from campaign.core.secrets import derived_key

ALGORITHM = "PBKDF2/SHA-256"
ITERATIONS = 2_000
"""Of one derivation: 0.5 ms on a laptop, 2 to 4 ms on a slow phone."""
_LONGEST_PROOF = 4096
"""Characters; a real one has about 700."""


def make_challenge(secret_key: str, ticket: str, difficulty: int) -> dict[str, Any]:
    """Return a challenge for the ticket with this id, as altcha's JSON. `difficulty`: derivations, at most."""
    difficulty = max(2, difficulty)
    challenge = create_challenge(
        ALGORITHM,
        ITERATIONS,
        counter=difficulty // 2 + secrets.randbelow(difficulty - difficulty // 2),
        data={"ticket": ticket},
        hmac_secret=_signing_key(secret_key),
        hmac_key_secret=_solution_key(secret_key),
    )
    found: dict[str, Any] = challenge.to_dict()
    return found


def is_solved(secret_key: str, ticket: str, proof: str) -> bool:
    """Whether `proof` (altcha's payload, base64) solves a challenge that we made for this ticket."""
    if not proof or len(proof) > _LONGEST_PROOF:
        return False
    try:
        payload = Payload.from_base64(proof)
        if payload.challenge.parameters.data != {"ticket": ticket}:
            return False
        result = verify_solution(
            payload, _signing_key(secret_key), hmac_key_secret=_solution_key(secret_key)
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    return result.verified


def _signing_key(secret_key: str) -> bytes:
    return derived_key(secret_key, "proof of work: challenge")


def _solution_key(secret_key: str) -> bytes:
    return derived_key(secret_key, "proof of work: solution")
