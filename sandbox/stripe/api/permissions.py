"""What a restricted key may do: a permission to read and one to write for each resource.

https://docs.stripe.com/keys/restricted-api-keys
"""

import re

from sandbox.stripe.api.endpoints import Endpoint
from sandbox.stripe.errors import Refused
from sandbox.stripe.state.account import Account

ACCOUNT_ID = "acct_1Sandbox"

_RESOURCES = {
    "account": "accounts_kyc_basic",
    "balance_transactions": "balance_transaction_source",
    "billing_portal/configurations": "customer_portal",
    "billing_portal/sessions": "customer_portal",
    "charges": "charge",
    "checkout/sessions": "checkout_session",
    "customers": "customer",
    "disputes": "dispute",
    "events": "event",
    "invoice_payments": "invoice",
    "invoices": "invoice",
    "payment_intents": "payment_intent",
    "payment_methods": "payment_method",
    "payouts": "payout",
    "prices": "plan",
    "products": "product",
    "radar/early_fraud_warnings": "early_fraud_warning",
    "refunds": "charge",
    "subscriptions": "subscription",
    "webhook_endpoints": "webhook",
}
"""Names as Stripe's errors have them, such as rak_subscription_read in https://github.com/tylerjrichards/st-paywall/issues/36;
those of resources whose error we never saw are derived from the resource."""


def needed(entry: Endpoint) -> str:
    """Return the permission that a request to `entry` needs, such as rak_invoice_read."""
    path = re.sub(r"/<name>.*", "", entry.path)
    return f"rak_{_RESOURCES[path]}_{'read' if entry.method == 'GET' else 'write'}"


def require(account: Account, key: str, entry: Endpoint) -> None:
    """Raise Refused with status 403, which names the permission, if a control took it from restricted keys."""
    permission = needed(entry)
    if key.startswith("rk_") and permission in account.setting("missing_permissions", []):
        hidden = f"{key[:8]}{'*' * 9}{key[-4:]}"
        raise Refused(
            f"The provided key '{hidden}' does not have the required permissions for this endpoint on account"
            f" '{ACCOUNT_ID}'. Having the '{permission}' permission would allow this request to continue.",
            status=403,
        )
