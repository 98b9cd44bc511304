"""Which faults are planted: Cosmic Ray's operators and ours, without those that nobody could notice."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import parso.python.tree  # noqa: F401 # Cosmic Ray's own order of imports fails without it
from cosmic_ray import plugins
from cosmic_ray.commands.init import _all_work_items
from cosmic_ray.mutating import mutate_code
from cosmic_ray.work_item import MutationSpec, WorkItem

from tests.mutation.operators import LOGGERS, PROVIDER, Provider

plugins.OPERATOR_PROVIDERS[PROVIDER] = Provider()

KEPT = frozenset(
    {
        "AddNot",
        "ExceptionReplacer",
        "NumberReplacer",
        "RemoveDecorator",
        "ReplaceAndWithOr",
        "ReplaceContinueWithBreak",
        "ReplaceFalseWithTrue",
        "ReplaceOrWithAnd",
        "ReplaceTrueWithFalse",
        "ReplaceUnaryOperator_Delete_Not",
        "ReplaceUnaryOperator_Delete_USub",
        "ZeroIterationForLoop",
    }
    | {f"ReplaceBinaryOperator_{pair}" for pair in ("Add_Sub", "Sub_Add", "Mul_Add", "Div_Mul")}
    | {f"ReplaceBinaryOperator_{pair}" for pair in ("FloorDiv_Mul", "Mod_Add")}
    | {f"ReplaceBinaryOperator_{pair}" for pair in ("BitAnd_BitOr", "BitOr_BitAnd")}
    | {f"ReplaceComparisonOperator_{pair}" for pair in ("Eq_NotEq", "NotEq_Eq", "Is_IsNot")}
    | {f"ReplaceComparisonOperator_{pair}" for pair in ("IsNot_Is", "Lt_LtE", "LtE_Lt")}
    | {f"ReplaceComparisonOperator_{pair}" for pair in ("Gt_GtE", "GtE_Gt", "Lt_Gt", "Gt_Lt")}
)
"""One or two replacements an operator: a site that notices one of them notices the other eight."""


def mutants(modules: Iterable[Path], root: Path) -> Iterator[WorkItem]:
    """Return every mutant worth a test. Its id stays the same as long as its module does."""
    for module in modules:
        source = (root / module).read_text()
        ignored = _ignored(source)
        version = hashlib.sha256(source.encode()).hexdigest()
        for item in _all_work_items([root / module], {}):
            (mutation,) = item.mutations
            provider, _, operator = mutation.operator_name.partition("/")
            if provider != PROVIDER and operator not in KEPT:
                continue
            if mutation.start_pos in ignored:
                continue
            name = f"{module} {version} {operator} {mutation.occurrence}"
            placed = MutationSpec(
                module_path=str(module),
                operator_name=mutation.operator_name,
                occurrence=mutation.occurrence,
                start_pos=mutation.start_pos,
                end_pos=mutation.end_pos,
                definition_name=mutation.definition_name,
            )
            yield WorkItem.single(hashlib.sha256(name.encode()).hexdigest()[:32], placed)


def mutated(source: str, mutation: MutationSpec) -> str | None:
    """Return the module's source with the fault, or None if it makes no difference."""
    operator = plugins.get_operator(mutation.operator_name)()
    changed = mutate_code(source, operator, mutation.occurrence)
    return changed if changed not in (None, source) else None


class _Ignored(set[tuple[int, int]]):
    """Positions (line, column) where a fault changes no behavior: annotations, log entries, `__slots__`."""

    def __init__(self, spans: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
        super().__init__()
        self._spans = spans

    def __contains__(self, position: object) -> bool:
        return any(start <= position < end for start, end in self._spans)  # type: ignore[operator]


def _ignored(source: str) -> _Ignored:
    spans = []
    for node in ast.walk(ast.parse(source)):
        for part in _without_effect(node):
            end = (part.end_lineno or part.lineno, part.end_col_offset or part.col_offset)
            spans.append(((part.lineno, part.col_offset), end))
    return _Ignored(spans)


def _without_effect(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            arguments += [each for each in (node.args.vararg, node.args.kwarg) if each]
            yield from (each.annotation for each in arguments if each.annotation)
            if node.returns:
                yield node.returns
        case ast.AnnAssign():
            yield node.annotation
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(name)))) if name in LOGGERS:
            yield node
        case ast.Assign(targets=[ast.Name("__all__" | "__slots__")]):
            yield node
        case ast.If(ast.Name("TYPE_CHECKING")):
            yield node
