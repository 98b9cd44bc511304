"""The complexity counter gives the same numbers as radon 6."""

import ast
from textwrap import dedent, indent

import pytest

from tests.support.complexity import functions


def complexities(code: str) -> dict[str, int]:
    return {node.name: complexity for node, complexity in functions(ast.parse(dedent(code)))}


def complexity_of(body: str) -> int:
    return complexities(f"def measured(a, b, c):\n{indent(dedent(body), '    ')}")["measured"]


@pytest.mark.parametrize(
    ("body", "complexity"),
    [
        ("return a", 1),
        ("if a:\n    return b", 2),
        ("if a:\n    pass\nelif b:\n    pass\nelse:\n    pass", 3),
        ("return b if a else c", 2),
        ("return a and b and c", 3),
        ("return a and (b or c)", 3),
        ("for one in a:\n    pass", 2),
        ("for one in a:\n    pass\nelse:\n    pass", 3),
        ("while a:\n    a -= 1", 2),
        ("try:\n    pass\nexcept KeyError:\n    pass\nexcept TypeError:\n    pass", 3),
        ("try:\n    pass\nexcept KeyError:\n    pass\nelse:\n    pass\nfinally:\n    pass", 3),
        ("with a:\n    return b", 1),
        ("assert a and b", 2),
        ("return [one for one in a if one if b]", 4),
        ("return {x: y for x in a for y in b}", 3),
        ("return lambda: b if a else c", 2),
        ("match a:\n    case 1:\n        pass\n    case 2:\n        pass", 3),
        ("match a:\n    case 1:\n        pass\n    case _:\n        pass", 2),
        ("match a:\n    case 1 if b or c:\n        pass\n    case x:\n        pass", 3),
    ],
)
def test_every_branch_counts_once(body: str, complexity: int) -> None:
    assert complexity_of(body) == complexity


def test_functions_and_classes_inside_a_function_are_counted_separately() -> None:
    code = """
        def outer(a):
            if a:
                def inner(b):
                    return b or a
            class Local:
                async def method(self):
                    return [one async for one in a]
            return inner
        """
    assert complexities(code) == {"outer": 2, "inner": 2, "method": 2}


def test_defaults_and_decorators_do_not_count() -> None:
    code = """
        @register(1 if DEBUG else 2)
        def measured(a=A or B):
            return a
        """
    assert complexities(code) == {"measured": 1}
