"""Planted faults that change nothing anyone can see, each with its reason."""

_REFUNDED = "a charge with 0 <= refunded <= amount has no negative amount"
_NULLS = "rows with NULL never conflict; the predicate only keeps the index small"
_LOCKS_MORE = "more donors are locked than the one that is kept: slower, not wrong"
_KEPT = "no update changes this column, so OLD and NEW have the same value"
_LOWER = "in the databases' collation a text with capitals is before the same text in lower case"

EQUIVALENT: dict[str, str] = {
    "charge.ck_charge_amount: `0` becomes `-1` after `>=`": _REFUNDED,
    "charge.ck_charge_amount: without (amount >= 0)": _REFUNDED,
    "outbox_message.uq_outbox_message_step_recipient: without its predicate": _NULLS,
    "receipt.ck_receipt_amount: `=` becomes `<=` after `>= 0) AND ((amount`": (
        "the other branch refuses what is below 0"
    ),
    "count_ledger_entry(): `min` becomes `max` after `campaign_id = NEW.campaign_id), 0),`": (
        "a donation has one payment"
    ),
    "count_ledger_entry(): without AND elsewhere.campaign_id <> NEW.campaign_id": (
        "`gave_before` is written only with a donor's first row of the campaign"
    ),
    "guard_deposit(): `'INSERT'` becomes `'other'` after `:= ARRAY[OLD.id]; ELSIF TG_OP =`": (
        "the last branch names the same deposit, because OLD is NULL in an insertion"
    ),
    "require_donation_transition(): `>` becomes `>=` after `:= array_position(beginning, NEW.state)`": (
        "the trigger runs only when the state changes"
    ),
    "guard_deposit(): `'DELETE'` becomes `'other'` after `:= ARRAY[NEW.batch_id]; ELSIF TG_OP =`": (
        "the next branch names the same deposit, because NEW is NULL in a deletion"
    ),
    "guard_ledger_entry(): `=` becomes `>=` after `INTO frozen FROM campaign WHERE id`": (
        "in the primary key's order the campaign itself is the first that is found"
    ),
    "guard_ledger_entry(): without AND kind = 'payment'": (
        "the first entry of a donation is its payment, by this same rule"
    ),
    "guard_merge(): `NEW` becomes `OLD` after `FROM donor WHERE merged_into_id =`": (
        "a donor keeps its id, and nobody is merged into one that is only being inserted"
    ),
    "guard_merge(): `=` becomes `<=` after `PERFORM FROM donor WHERE id`": _LOCKS_MORE,
    "guard_merge(): `=` becomes `>=` after `PERFORM FROM donor WHERE id`": _LOCKS_MORE,
    "guard_merge(): `=` becomes `<>` after `PERFORM FROM donor WHERE id`": _LOCKS_MORE,
    "notify_pending_changed(): `NEW` becomes `OLD` after `PERFORM pg_notify('progress',`": _KEPT,
    "queue_subscription_webhooks(): `NEW` becomes `OLD` after `SELECT id, 'subscription.ended',`": _KEPT,
    "queue_subscription_webhooks(): `NEW` becomes `OLD` after `id, 'subscription.ended', NEW.id::text,`": _KEPT,
    "suppression.uq_suppression_email_campaign_id: without its predicate": _NULLS,
    "suppression.ck_suppression_email: `=` becomes `>=` after `(((email`": _LOWER,
}
