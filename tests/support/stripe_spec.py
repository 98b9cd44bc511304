"""Compare JSON with the types of Stripe's OpenAPI document."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]
Mismatch = tuple[str, str]
"""(path of the member, what is wrong)."""

_SCALARS: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
}


class Spec:
    """Stripe's OpenAPI document, and its examples by the kind of object."""

    def __init__(self, document: Json, examples: Json) -> None:
        self.version: str = document["info"]["version"]
        self.examples = examples
        self.schemas: dict[str, Json] = document["components"]["schemas"]
        self.paths: dict[str, Json] = document["paths"]
        self._routes = [
            (re.compile(re.sub(r"{\w+}", "[^/]+", path)), methods)
            for path, methods in sorted(self.paths.items(), key=lambda one: one[0].count("{"))
        ]

    def parameters(self, method: str, path: str) -> Json:
        """Return the schemas of the parameters of a call, by name. Names in `path` may be called anything."""
        wanted = re.sub("<[^>]+>", "{}", path)
        for known, methods in self.paths.items():
            if re.sub("{[^}]+}", "{}", known) == wanted and method.lower() in methods:
                call = methods[method.lower()]
                sent = [one["schema"] for one in call["requestBody"]["content"].values()]
                in_query = [one for one in call["parameters"] if one["in"] == "query"]
                return {
                    **{name: one for form in sent for name, one in form["properties"].items()},
                    **{one["name"]: one["schema"] for one in in_query},
                }
        raise LookupError(f"{method} {path} is no call of Stripe's API {self.version}")

    def answer_mismatches(self, method: str, path: str, answer: Json) -> list[Mismatch]:
        """Compare the answer to a call with what the document says that the call returns."""
        for pattern, methods in self._routes:
            if pattern.fullmatch(path) and method.lower() in methods:
                returned = methods[method.lower()]["responses"]["200"]["content"]
                return list(self._compare(answer, returned["application/json"]["schema"], ""))
        return [("", "the document has no such call")]

    def mismatches(self, found: Json) -> list[Mismatch]:
        """Compare one of Stripe's objects with the schema of its kind."""
        return list(self._compare(found, {"$ref": found["object"]}, found["object"]))

    def resolve(self, schema: Json) -> Json:
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[-1]]
        return schema

    def _compare(self, value: Any, schema: Json, path: str) -> Iterator[Mismatch]:
        schema = self.resolve(schema)
        if value is None and schema and not schema.get("nullable"):
            yield path, "is null, which it cannot be"
        if value is None or not schema:
            return
        if "anyOf" in schema:
            yield from self._closest(value, schema["anyOf"], path)
        elif isinstance(value, Mapping) and schema.get("type") == "object":
            yield from self._compare_members(value, schema, path)
        elif isinstance(value, list) and schema.get("type") == "array":
            for place, one in enumerate(value):
                yield from self._compare(one, schema.get("items", {}), f"{path}[{place}]")
        else:
            yield from _compare_scalar(value, schema, path)

    def _closest(self, value: Any, choices: list[Json], path: str) -> Iterator[Mismatch]:
        """Compare with the choice that fits, or with the one that is of the same kind."""
        every = [list(self._compare(value, one, path)) for one in choices]
        kinds = [
            index
            for index, one in enumerate(choices)
            if self.resolve(one).get("type") == ("object" if isinstance(value, Mapping) else None)
        ]
        yield from min((every[index] for index in kinds or range(len(every))), key=len)

    def _compare_members(self, value: Json, schema: Json, path: str) -> Iterator[Mismatch]:
        known: Json = schema.get("properties", {})
        others = schema.get("additionalProperties", not known)
        for name, member in value.items():
            where = f"{path}.{name}" if path else name
            if name in known:
                yield from self._compare(member, known[name], where)
            elif isinstance(others, Mapping):
                yield from self._compare(member, others, where)
            elif not others:
                yield where, "is no member of the type"
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{path}.{name}" if path else name, "is missing"


def _compare_scalar(value: Any, schema: Json, path: str) -> Iterator[Mismatch]:
    wanted = _SCALARS.get(schema.get("type", ""), ())
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        yield path, f"is {value!r:.80}, not of type {schema.get('type')}"
    elif "enum" in schema and value not in schema["enum"]:
        yield path, f"is {value!r}, not one of {', '.join(map(str, schema['enum']))}"
