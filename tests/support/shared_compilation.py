"""A pytest plugin: compile each template and URL rule once for a process, not once for each of its applications.

Most tests make an application of their own, and compiling the same templates and rules took most of their time. What is
shared is a pure function of the template's source, or of the rule; every application keeps its own routes and state.
The description of the API, three quarters of the rest, is made when a test reads it.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest
from apispec import APISpec
from flask import Flask
from flask_smorest import Blueprint
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


class CompiledTemplates(BytecodeCache):
    """Keep compiled templates in memory. Jinja compares the checksum of the source before it uses one."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (kept := self._kept.get(bucket.key)) is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


def share_rules(
    compile_builder: Callable[[Rule, bool], Builder],
) -> Callable[[Rule, bool], Builder]:
    """Wrap the method with which a rule compiles its function that builds addresses."""
    kept: dict[tuple[Any, ...], Builder] = {}

    @wraps(compile_builder)
    def shared(rule: Rule, append_unknown: bool = True) -> Builder:
        if rule.defaults:
            return compile_builder(rule, append_unknown)
        # Without defaults the function depends on nothing else: it is given the rule when it is called.
        key = (rule.rule, tuple(rule._trace), append_unknown)
        if key not in kept:
            kept[key] = compile_builder(rule, append_unknown)
        return kept[key]

    return shared


def describe_later(patch: pytest.MonkeyPatch) -> None:
    """Let flask-smorest describe the views of an application when its description is read."""
    describe, read = Blueprint.register_views_in_doc, APISpec.to_dict

    def register(blueprint: Blueprint, api: Any, app: Flask, spec: Any, **named: Any) -> None:
        waiting = spec.__dict__.setdefault("waiting", [])
        waiting.append(partial(describe, blueprint, api, app, spec, **named))

    def to_dict(spec: Any) -> dict[str, Any]:
        for each in spec.__dict__.pop("waiting", []):
            each()
        return read(spec)

    patch.setattr(Blueprint, "register_views_in_doc", register)
    patch.setattr(APISpec, "to_dict", to_dict)


@pytest.fixture(autouse=True, scope="session")
def _shared_compilation() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        describe_later(patch)
        patch.setitem(Flask.jinja_options, "bytecode_cache", CompiledTemplates())
        patch.setattr(Rule, "_compile_builder", share_rules(Rule._compile_builder))
        yield
