"""Run due work in order, whether real time passes or the clock is moved forward."""

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
    """Run everything that is due now. Return the number of actions."""
    return _run_until(account, account.precise_now())


def advance(account: Account, seconds: float) -> int:
    """Move the clock forward, and run each due action at its time. Return the number of actions."""
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
            # If somebody already did it by hand, there is nothing left to do.
            with contextlib.suppress(Refused):
                _ACTIONS[due["action"]](account, obj)
            done += 1
    return done
