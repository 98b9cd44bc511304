"""Values that cannot be changed once they are made: find the dataclasses of modules, and try to change one."""

import dataclasses
from types import ModuleType
from typing import Any

import pytest


def dataclasses_of(*modules: ModuleType) -> list[type[Any]]:
    """Return the dataclasses that these modules define, in the order of their names."""
    found = {
        one
        for module in modules
        for one in vars(module).values()
        if isinstance(one, type)
        and dataclasses.is_dataclass(one)
        and one.__module__ == module.__name__
    }
    return sorted(found, key=lambda one: one.__name__)


def assert_unchangeable(kind: type[Any]) -> None:
    """Check that no field of a new `kind` can be set."""
    names = [field.name for field in dataclasses.fields(kind)]
    assert_cannot_be_changed(kind(**dict.fromkeys(names)))


def assert_cannot_be_changed(*values: Any) -> None:
    """Check that no field of these dataclasses' values can be set."""
    for value in values:
        for field in dataclasses.fields(value):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(value, field.name, "changed")
