"""/v1/account, and the configurations of the customer portal.

https://docs.stripe.com/api/accounts/retrieve
https://docs.stripe.com/api/customer_portal/configurations/list
"""

from sandbox.stripe.api import lists
from sandbox.stripe.api.endpoints import endpoint
from sandbox.stripe.api.parameters import boolean
from sandbox.stripe.api.permissions import ACCOUNT_ID
from sandbox.stripe.errors import Refused
from sandbox.stripe.objects import portal
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account


@endpoint("GET", "account")
def read_account(account: Account, params: Json) -> Json:  # noqa: ARG001 - as every endpoint
    return portal.account(ACCOUNT_ID, account.setting("started_at", 0))


@endpoint(
    "GET",
    "billing_portal/configurations",
    {**lists.PAGE, "active": boolean, "is_default": boolean},
)
def list_configurations(account: Account, params: Json) -> Json:
    found = [saved_configuration(account)] if portal_is_saved(account) else []
    wanted = {name: params[name] for name in ("active", "is_default") if name in params}
    found = [one for one in found if all(one[name] == value for name, value in wanted.items())]
    return lists.page(found, params, "/v1/billing_portal/configurations")


def saved_configuration(account: Account) -> Json:
    updates = bool(account.setting("portal_updates_cards", default=True))
    return portal.configuration(account.setting("started_at", 0), updates_cards=updates)


def portal_is_saved(account: Account) -> bool:
    return bool(account.setting("portal_saved", default=True))


def require_saved_portal(account: Account) -> None:
    """Refuse as Stripe does before the portal's settings were saved once in the dashboard.

    https://docs.stripe.com/customer-management/configure-portal
    """
    if not portal_is_saved(account):
        raise Refused(
            "You can\u2019t create a portal session in test mode until you save your customer portal settings in"
            " test mode at https://dashboard.stripe.com/test/settings/billing/portal."
        )
