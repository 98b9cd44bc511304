"""Refusals, with the words, codes and statuses that Stripe's clients know. Raised anywhere in the sandbox."""

from sandbox.stripe.state import Json


class Refused(Exception):
    """The answer is an error: `status` and the members of Stripe's `error` object."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        status: int = 400,
        kind: str = "invalid_request_error",
        **more: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.members: Json = {"message": message, "type": kind, **more}
        if code:
            self.members["code"] = code
            self.members["doc_url"] = "https://stripe.com/docs/error-codes/" + code.replace(
                "_", "-"
            )
        if param:
            self.members["param"] = param

    @property
    def code(self) -> str | None:
        return self.members.get("code")

    def body(self, request_id: str) -> Json:
        log = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": {**self.members, "request_log_url": log}}


class CardDeclined(Refused):
    """A bank said no. `payment_intent` is the intent as the refusal left it."""

    def __init__(self, message: str, code: str, decline_code: str | None, **more: object) -> None:
        if decline_code:
            more["decline_code"] = decline_code
        super().__init__(message, code=code, status=402, kind="card_error", **more)


_BODY_PARAMS = ("customer", "default_payment_method", "ending_before", "payout", "starting_after")


def missing(kind: str, name: str, param: str = "id") -> Refused:
    """Nothing has that id: 404 for the address's, 400 for one among the parameters."""
    label = kind.replace("_", " ")
    if kind in ("payment_intent", "balance_transaction", "early_fraud_warning"):
        label = kind
    status = 400 if param in _BODY_PARAMS or "[" in param else 404
    return Refused(
        f"No such {label}: '{name}'", code="resource_missing", param=param, status=status
    )


def unsupported(what: str, param: str | None = None) -> Refused:
    """Stripe can do it and this stand-in cannot: said, rather than done wrongly."""
    return Refused(f"This sandbox does not imitate {what}.", code="parameter_invalid", param=param)
