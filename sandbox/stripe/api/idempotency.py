"""Idempotency keys. https://docs.stripe.com/api/idempotent_requests

A key belongs to the first request that starts executing with it. Requests rejected before that do not use it.
"""

import hashlib
import json

from sandbox.stripe.errors import Refused
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account

LIFETIME = 86_400
MAX_KEY_LENGTH = 255


def claim(account: Account, key: str, method: str, path: str, given: Json) -> Json | None:
    """Return the saved response, or None if this request is the first and must `save` its own.

    Raises Refused for different parameters, and while the first request is still executing.
    """
    if len(key) > MAX_KEY_LENGTH:
        raise Refused(
            f"Idempotency keys must be at most {MAX_KEY_LENGTH} characters.",
            kind="idempotency_error",
        )
    print_ = _fingerprint(method, path, given)
    with account.transaction():
        kept = account.rows("keys").get(key)
        if kept is None or kept["at"] + LIFETIME <= account.now():
            row = {"print": print_, "path": path, "at": account.now(), "answer": None}
            account.put_row("keys", key, row)
            return None
        if kept["print"] != print_:
            what = "parameters" if kept["path"] == path else "endpoint"
            raise Refused(
                f"Keys for idempotent requests can only be used with the same {what} they were first"
                f" used with. Try using a key other than '{key}' if you meant to execute a different"
                " request.",
                kind="idempotency_error",
            )
        if kept["answer"] is None:
            raise in_use(key)
        return kept["answer"]


def in_use(key: str) -> Refused:
    return Refused(
        "There is currently another in-progress request using this Idempotent Key (that probably"
        f" means you submitted twice, and the other request is still going through): {key}",
        code="idempotency_key_in_use",
        status=409,
        kind="idempotency_error",
    )


def save(account: Account, key: str, status: int, body: str, request_id: str) -> None:
    """Save the response, success or error, that every repetition will receive."""
    with account.transaction():
        row = account.rows("keys").get(key)
        if row is None:
            return
        answer = {"status": status, "body": body, "request_id": request_id}
        account.put_row("keys", key, {**row, "answer": answer})


def release(account: Account, key: str) -> None:
    """Release the key of a request that was rejected before execution."""
    with account.transaction():
        account.remove_row("keys", key)


def release_interrupted(account: Account) -> None:
    """After a restart, release the keys of requests that were interrupted."""
    with account.transaction():
        for key, row in list(account.rows("keys").items()):
            if row["answer"] is None:
                account.remove_row("keys", key)


def _fingerprint(method: str, path: str, given: Json) -> str:
    return hashlib.sha256(json.dumps([method, path, given], sort_keys=True).encode()).hexdigest()
