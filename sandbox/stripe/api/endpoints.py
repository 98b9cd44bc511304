"""The table of endpoints, each with a function and its parameters. `requests` runs them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.stripe.api.parameters import Checker, array, check_all, text
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account

Run = Callable[..., Json]
Check = Callable[[Account, Json], None]


@dataclass(frozen=True)
class Endpoint:
    """An endpoint. `run(account, params, *names from the path)` returns the response; `check` may reject it before."""

    method: str
    path: str
    fields: Mapping[str, Checker]
    required: tuple[str, ...]
    unsupported_params: tuple[str, ...]
    check: Check | None
    run: Run

    def parameters(self, given: Json) -> Json:
        """Return the request's parameters with their types. Raises Refused."""
        fields = {**self.fields, "expand": array(text())}
        return check_all(given, fields, self.required, self.unsupported_params)


ENDPOINTS: list[Endpoint] = []


def endpoint(
    method: str,
    path: str,
    fields: Mapping[str, Checker] | None = None,
    *,
    required: tuple[str, ...] = (),
    unsupported_params: tuple[str, ...] = (),
    check: Check | None = None,
) -> Callable[[Run], Run]:
    """Add the decorated function to the table. `path` is in Flask's syntax, relative to /v1/."""

    def enter(run: Run) -> Run:
        ENDPOINTS.append(
            Endpoint(method, path, fields or {}, required, unsupported_params, check, run)
        )
        return run

    return enter
