"""Every page of the application, with an address to ask for it."""

from flask import Flask
from werkzeug.routing import AnyConverter, IntegerConverter, Rule


def address(rule: Rule, text: str) -> str:
    """Return an address of the page, with `text` for every part that is any text."""
    values: dict[str, object] = {}
    for name, converter in rule._converters.items():
        if name == "slug":
            values[name] = "nine-days"
        elif isinstance(converter, AnyConverter):
            values[name] = min(converter.items)
        else:
            values[name] = 1 if isinstance(converter, IntegerConverter) else text
    built = rule.build(values)
    assert built is not None
    return str(built[1])


def pages(app: Flask, method: str = "GET") -> list[Rule]:
    """Return every page, without the stream, which has no end."""
    rules = [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]
    return [rule for rule in rules if rule.endpoint != "static" and "stream" not in rule.rule]
