"""Errors with the messages, codes and statuses that Stripe's clients expect. Raised anywhere in the sandbox."""

from typing import Any

from sandbox.stripe.state import Json


class Refused(Exception):
    """An error response: `status` and the members of Stripe's `error` object."""

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
    """The bank declined the card. `payment_intent` is the intent after the decline."""

    def __init__(self, message: str, code: str, decline_code: str | None, **more: Any) -> None:
        if decline_code:
            more["decline_code"] = decline_code
        super().__init__(message, code=code, status=402, kind="card_error", **more)


_BODY_PARAMS = ("customer", "default_payment_method", "ending_before", "payout", "starting_after")


def missing(kind: str, name: str, param: str = "id") -> Refused:
    """Return the error for an unknown id: 404 if it is in the URL, 400 if it is a parameter."""
    label = kind.replace("_", " ")
    if kind in ("payment_intent", "balance_transaction", "early_fraud_warning"):
        label = kind
    status = 400 if param in _BODY_PARAMS or "[" in param else 404
    # https://docs.stripe.com/error-codes#resource-missing; the text is the one that Stripe's API answers.
    other = (
        "; a similar object exists in live mode, but a test mode key was used to make this request."
    )
    return Refused(
        f"No such {label}: '{name}'{other if '_live_' in name else ''}",
        code="resource_missing",
        param=param,
        status=status,
    )


def unsupported(what: str, param: str | None = None) -> Refused:
    """Return the error for something that Stripe supports and this sandbox does not."""
    return Refused(f"This sandbox does not support {what}.", code="parameter_invalid", param=param)
