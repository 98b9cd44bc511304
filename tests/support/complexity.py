"""Cyclomatic complexity as radon counts it: one, plus one for each branch of a function.

Unlike mccabe (ruff's C901), it counts boolean operators, ternaries and comprehensions with their conditions.
"""

import ast
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[tuple[Function, int]]:
    """Yield every function in `tree` with its complexity. A nested function does not add to its outer one."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node, 1 + sum(_inside(statement) for statement in node.body)


def _inside(node: ast.AST) -> int:
    if isinstance(node, Function | ast.ClassDef):
        return 0
    if isinstance(node, ast.Assert):
        return 1  # radon looks no further
    return _branches(node) + sum(_inside(child) for child in ast.iter_child_nodes(node))


def _branches(node: ast.AST) -> int:
    match node:
        case ast.If() | ast.IfExp():
            return 1
        case ast.For() | ast.AsyncFor() | ast.While():
            return 1 + bool(node.orelse)
        case ast.Try() | ast.TryStar():
            return len(node.handlers) + bool(node.orelse)
        case ast.BoolOp():
            return len(node.values) - 1
        case ast.comprehension():
            return 1 + len(node.ifs)
        case ast.Match():
            return len(node.cases) - any(_takes_all(one) for one in node.cases)
        case _:
            return 0


def _takes_all(one: ast.match_case) -> bool:
    return isinstance(one.pattern, ast.MatchAs) and one.pattern.pattern is None
