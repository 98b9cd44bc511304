"""Kinds of faults that Cosmic Ray does not plant itself: a call left out, a query's clause, an element of a table."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import parso
from cosmic_ray.operators.operator import Example, Operator

CLAUSES = frozenset(
    {"where", "filter", "having", "with_for_update", "order_by", "limit", "distinct", "group_by"}
    | {"on_conflict_do_nothing", "populate_existing", "execution_options"}
)
LOGGERS = frozenset({"log", "logger", "logging"})
PROVIDER = "newsroom"

Position = tuple[tuple[int, int], tuple[int, int]]


class RemoveCall(Operator):  # type: ignore[misc] # Cosmic Ray ships no types
    """Leave out a statement that calls something, except a log entry."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        if node.type == "simple_stmt" and _is_call(node.children[0]):
            yield node.children[0].start_pos, node.children[0].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        put = parso.parse("pass").get_first_leaf()
        put.prefix = node.get_first_leaf().prefix
        node.children[0] = put
        return node

    @classmethod
    def examples(cls) -> Iterable[Example]:
        return (Example("a.send(1)\n", "pass\n"),)


class RemoveClause(Operator):  # type: ignore[misc] # Cosmic Ray ships no types
    """Leave out one clause of a query, such as `.where(…)` or `.with_for_update(…)`."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        for _, name, call in list(
            _clauses(node)
        ):  # the node changes while Cosmic Ray still iterates
            yield name.start_pos, call.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        at = list(_clauses(node))[index][0]
        del node.children[at : at + 2]
        return node

    @classmethod
    def examples(cls) -> Iterable[Example]:
        return (Example("select(a).where(b).limit(1)", "select(a).limit(1)"),)


class RemoveElement(Operator):  # type: ignore[misc] # Cosmic Ray ships no types
    """Leave out one element of a set, list, tuple or dictionary that is written down."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        children = list(getattr(node, "children", ()))
        for start, end in list(_elements(node)):  # the node changes while Cosmic Ray still iterates
            yield children[start].start_pos, children[end - 1].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        start, end = list(_elements(node))[index]
        del node.children[start:end]
        return node

    @classmethod
    def examples(cls) -> Iterable[Example]:
        return (Example("{1, 2, 3}", "{2, 3}"),)


def _is_call(node: Any) -> bool:
    if node.type != "atom_expr":
        return False
    last = node.children[-1]
    called = last.type == "trailer" and last.children[0].value == "("
    return called and node.get_first_leaf().value not in LOGGERS


def _clauses(node: Any) -> Iterator[tuple[int, Any, Any]]:
    if node.type != "atom_expr":
        return
    for at, (name, call) in enumerate(zip(node.children[:-1], node.children[1:], strict=True)):
        if name.type != "trailer" or call.type != "trailer":
            continue
        if name.get_code(include_prefix=False)[1:] in CLAUSES and call.children[0].value == "(":
            yield at, name, call


def _elements(node: Any) -> Iterator[tuple[int, int]]:
    """Return the first and the following position of each element with its comma."""
    if node.type not in {"testlist_comp", "dictorsetmaker"}:
        return
    commas = [at for at, child in enumerate(node.children) if getattr(child, "value", "") == ","]
    if not commas or any(child.type in {"sync_comp_for", "comp_for"} for child in node.children):
        return
    starts = [0, *(at + 1 for at in commas)]
    ends = [*(at + 1 for at in commas), len(node.children)]
    yield from ((start, end) for start, end in zip(starts, ends, strict=True) if start < end)


class Provider:
    """Our operators, as Cosmic Ray asks for them."""

    _operators: ClassVar = {
        each.__name__: each for each in (RemoveCall, RemoveClause, RemoveElement)
    }

    def __iter__(self) -> Iterator[str]:
        return iter(self._operators)

    def __getitem__(self, name: str) -> type[Operator]:
        return self._operators[name]
