"""The passing of time: does what falls due, in order, whether the clock runs or is moved."""

import contextlib
from collections.abc import Callable

from sandbox.stripe.errors import Refused
from sandbox.stripe.rules import debits, payouts, refunds, renewals, sessions
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require

_ACTIONS: dict[str, Callable[[Account, Json], object]] = {
    "expire_session": sessions.expire,
    "settle_debit": debits.settle_scheduled,
    "renew": renewals.renew,
    "retry_invoice": renewals.collect,
    "resume_collection": renewals.resume_collection,
    "settle_refund": refunds.settle,
    "fail_refund": refunds.fail,
    "pay_payout": payouts.arrive,
}


def run_due(account: Account) -> int:
    """Does what has fallen due by now; gives how much that was."""
    return _run_until(account, account.precise_now())


def advance(account: Account, seconds: float) -> int:
    """Moves the clock forward, stopping at everything that falls due on the way."""
    require(seconds >= 0, Refused("The clock only moves forward.", param="seconds"))
    target = account.precise_now() + seconds
    done = _run_until(account, target)
    account.set_now(target)
    return done


def _run_until(account: Account, target: float) -> int:
    done = 0
    while (due := account.next_due()) and due["at"] <= target:
        account.set_now(due["at"])
        account.unschedule(due["action"], due["name"])
        obj = account.find(due["name"])
        if obj:
            # Whatever somebody did by hand before its time needs no doing again.
            with contextlib.suppress(Refused):
                _ACTIONS[due["action"]](account, obj)
            done += 1
    return done
