"""For each table a valid row, and rows beside it that the database must refuse or accept.

One module per module of `campaign.models`. The examples are written by hand from what each rule is for, not derived
from the schema, so that a constraint which is weakened in a migration is noticed.
`tests/campaign/models/test_constraints.py` plays them and requires one for every constraint of the migrated database.
"""

from tests.support.row_examples import (
    adoption,
    campaign,
    campaign_content,
    card_testing,
    conversions,
    direct_mail,
    donation,
    donor,
    donor_admin,
    donor_portal,
    file_import,
    heartbeat,
    inbox,
    integrations,
    ledger,
    mailing,
    offline,
    outbox,
    past_gift,
    payouts,
    receipt,
    refunds_disputes,
    restoration,
    settled_discrepancy,
    staff,
    statistics,
    stripe_request,
    subscription,
    tribute,
)
from tests.support.row_examples.table import Table

_MODULES = (
    adoption,
    campaign,
    campaign_content,
    card_testing,
    conversions,
    direct_mail,
    donation,
    donor,
    donor_admin,
    donor_portal,
    file_import,
    heartbeat,
    inbox,
    integrations,
    ledger,
    mailing,
    offline,
    outbox,
    past_gift,
    payouts,
    receipt,
    refunds_disputes,
    restoration,
    settled_discrepancy,
    staff,
    statistics,
    stripe_request,
    subscription,
    tribute,
)

TABLES: dict[str, Table] = {table.name: table for module in _MODULES for table in module.TABLES}
