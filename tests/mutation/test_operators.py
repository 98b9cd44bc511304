"""The faults that are planted are programs: one that nobody can import would be noticed by every test."""

import ast

import pytest
from cosmic_ray.mutating import mutate_code

from tests.mutation.operators import RemoveCall, RemoveClause, RemoveElement

ONLY = """\
def send_all(every):
    for each in every:
        each.send(1)
"""


def test_a_call_that_is_all_of_its_block_leaves_a_program_that_does_nothing() -> None:
    changed = mutate_code(ONLY, RemoveCall(), 0)
    assert changed == ONLY.replace("each.send(1)", "pass")
    ast.parse(changed)


@pytest.mark.parametrize("operator", [RemoveCall, RemoveClause, RemoveElement])
def test_each_kind_of_fault_changes_its_example(
    operator: type[RemoveCall | RemoveClause | RemoveElement],
) -> None:
    for example in operator.examples():
        changed = mutate_code(example.pre_mutation_code, operator(), 0)
        assert ast.unparse(ast.parse(changed)) == ast.unparse(ast.parse(example.post_mutation_code))
