"""Proof of work: solved for one ticket, bounded, and worth nothing when forged."""

from dataclasses import dataclass
from typing import Any

import pytest
from altcha import create_challenge, solve_challenge
from altcha.v2 import Challenge, Payload

from campaign.web.giving.proof_of_work import ALGORITHM, is_solved, make_challenge

KEY = "k" * 40


@dataclass(frozen=True)
class Solved:
    challenge: Challenge
    counter: int
    proof: str


def solve(made: dict[str, Any]) -> Solved:
    challenge = Challenge.from_dict(made)
    solution = solve_challenge(challenge)
    assert solution
    return Solved(challenge, solution.counter, Payload(challenge, solution).to_base64())


def test_a_solved_challenge_is_accepted_for_its_ticket_and_key_only() -> None:
    proof = solve(make_challenge(KEY, "t-1", 20)).proof
    assert is_solved(KEY, "t-1", proof)
    assert not is_solved(KEY, "t-2", proof)
    assert not is_solved("x" * 40, "t-1", proof)


def test_the_work_is_at_least_half_the_difficulty_and_at_most_all_of_it() -> None:
    for _ in range(5):
        assert 10 <= solve(make_challenge(KEY, "t-1", 20)).counter < 20


def test_a_challenge_of_ones_own_making_and_a_guessed_solution_are_no_proof() -> None:
    easy = create_challenge(
        ALGORITHM, 1, counter=1, data={"ticket": "t-1"}, hmac_secret="mine", hmac_key_secret="mine"
    )
    assert not is_solved(KEY, "t-1", solve(easy.to_dict()).proof)
    made = Challenge.from_dict(make_challenge(KEY, "t-1", 20))
    wrong = solve(easy.to_dict())
    solution = Payload.from_base64(wrong.proof).solution
    assert not is_solved(KEY, "t-1", Payload(made, solution).to_base64())


@pytest.mark.parametrize("rubbish", ["", "x", "e30=", "bnVsbA==", "W10=", "A" * 5000])
def test_rubbish_is_no_proof(rubbish: str) -> None:
    assert not is_solved(KEY, "t-1", rubbish)
