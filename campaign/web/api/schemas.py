"""Schemas of the API's responses and parameters; `/api/openapi.json` is generated from them."""

from typing import Any

from marshmallow import Schema, fields, validate

from campaign.integrations.queries import LARGEST_PAGE
from campaign.models import (
    CampaignState,
    DonationState,
    Frequency,
    LedgerKind,
    ReceiptKind,
    SubscriptionState,
)

_LARGEST = 2**63 - 1


def _one_of(states: Any) -> validate.OneOf:
    return validate.OneOf([state.value for state in states])


def _minor(words: str) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": words, "examples": [2500]})


def _code() -> fields.String:
    return fields.String(
        required=True, metadata={"description": "ISO 4217 currency code", "examples": ["usd"]}
    )


def _text(example: str, *, empty: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=empty, metadata={"examples": [example]})


def _instant(*, empty: bool = False) -> fields.AwareDateTime:
    example = {"examples": ["2026-12-22T22:05:00+00:00"]}
    return fields.AwareDateTime(required=True, allow_none=empty, format="iso", metadata=example)


def _person(words: str) -> fields.String:
    metadata = {"description": f"{words}; null without the scope donors:read"}
    return fields.String(required=True, allow_none=True, metadata=metadata)


class ProblemSchema(Schema):
    """An error (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.Dict(metadata={"description": "Errors by parameter"})
    scope = fields.String(metadata={"description": "Scope that the token is missing"})


class PageParameters(Schema):
    """Which page of a list."""

    cursor = fields.String(metadata={"description": "`next_cursor` of the previous page"})
    limit = fields.Integer(load_default=50, validate=validate.Range(1, LARGEST_PAGE))


class PeriodParameters(PageParameters):
    """A period: `since` is inclusive, `until` is exclusive."""

    since = fields.AwareDateTime(format="iso")
    until = fields.AwareDateTime(format="iso")


class LedgerParameters(PeriodParameters):
    """Filters of ledger entries."""

    campaign = fields.String(validate=validate.Regexp(r"^[a-z0-9-]{1,100}$"))


class DonationParameters(LedgerParameters):
    """Filters of donations."""

    state = fields.String(validate=_one_of(DonationState))
    donor = fields.Integer(validate=validate.Range(1, _LARGEST))


class SubscriptionParameters(PageParameters):
    """Filters of monthly and yearly gifts."""

    state = fields.String(validate=_one_of(SubscriptionState))
    donor = fields.Integer(validate=validate.Range(1, _LARGEST))


class CampaignSchema(Schema):
    """A campaign. Its `progress` has the amount raised."""

    slug = _text("nine-days")
    title = _text("Keep every story free to read")
    state = fields.String(required=True, validate=_one_of(CampaignState))
    currency = _code()
    goal = _minor("Goal, in minor units")
    stretch_goal = fields.Integer(required=True, allow_none=True)
    designation = _text("General")
    starts_at = _instant()
    deadline = _instant()
    timezone = _text("America/Los_Angeles")


class DonationSchema(Schema):
    """A donation: a gift, or one renewal. `amount` is the gift, `cover` the fees that the donor covered."""

    id = fields.String(required=True, metadata={"examples": ["don_0123456789abcdef0123"]})
    campaign = _text("nine-days")
    donor = fields.Integer(required=True)
    subscription = _text("sub_1Pq", empty=True)
    state = fields.String(required=True, validate=_one_of(DonationState))
    frequency = fields.String(required=True, validate=_one_of(Frequency))
    amount = _minor("Gift without covered fees, in minor units")
    cover = _minor("Fees that the donor covered, in minor units")
    currency = _code()
    code = _text("article-7")
    anonymous = fields.Boolean(required=True)
    name = _person("Donor's name")
    email = _person("Donor's email address")
    comment = _person("Donor's comment")
    tribute_kind = _text("honor")
    tribute_name = _person("Person whom the gift honors")
    created_at = _instant()
    paid_at = _instant(empty=True)
    receipt_number = _text("2026-000041", empty=True)


class DonorSchema(Schema):
    """A donor."""

    id = fields.Integer(required=True)
    name = _text("Ana Reyes")
    email = _text("ana@example.org")
    address = _text("1 Wharf Street\nAstoria, OR 97103")
    locale = _text("en")
    created_at = _instant()


class LedgerEntrySchema(Schema):
    """A ledger entry. `amount` is signed; a campaign's total raised is the sum of its entries."""

    id = fields.Integer(required=True)
    campaign = _text("nine-days", empty=True)
    donation = _text("don_0123456789abcdef0123")
    kind = fields.String(required=True, validate=_one_of(LedgerKind))
    amount = _minor("In minor units, signed")
    cover = _minor("In minor units, signed")
    fee = _minor("Processing fee, in minor units of `currency`")
    currency = _code()
    occurred_at = _instant()
    recorded_at = _instant()
    source = _text("pi_3PQ")


class ReceiptSchema(Schema):
    """A receipt. A corrected or void receipt replaces an earlier one."""

    number = _text("2026-000041")
    donation = _text("don_0123456789abcdef0123")
    kind = fields.String(required=True, validate=_one_of(ReceiptKind))
    amount = _minor("In minor units")
    currency = _code()
    gift_date = fields.Date(required=True)
    issued_at = _instant()


class SubscriptionSchema(Schema):
    """A monthly or yearly gift."""

    id = _text("sub_1Pq")
    campaign = _text("nine-days")
    donor = fields.Integer(required=True)
    state = fields.String(required=True, validate=_one_of(SubscriptionState))
    frequency = fields.String(required=True, validate=_one_of(Frequency))
    amount = _minor("In minor units")
    cover = _minor("In minor units")
    currency = _code()
    created_at = _instant()
    ended_at = _instant(empty=True)
    end_reason = _text("cancellation_requested", empty=True)


class ProgressSchema(Schema):
    """A campaign's progress, as on the public page. Amounts are in minor units."""

    campaign = _text("nine-days")
    state = fields.String(required=True, validate=_one_of(CampaignState))
    currency = _code()
    goal = _minor("In minor units")
    raised = _minor("In minor units")
    pending = _minor("In minor units")
    donations = fields.Integer(required=True)
    donors = fields.Integer(required=True)


def listed(row: type[Schema]) -> type[Schema]:
    """Return the schema of a page of `row`."""
    name = row.__name__.removesuffix("Schema")
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(row), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        },
        name=f"{name}PageSchema",
    )
