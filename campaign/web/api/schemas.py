"""What the API's answers and parameters look like; the description at `/api/openapi.json` is made from it."""

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
    return fields.String(required=True, metadata={"description": "ISO 4217", "examples": ["usd"]})


def _text(example: str, *, empty: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=empty, metadata={"examples": [example]})


def _instant(*, empty: bool = False) -> fields.AwareDateTime:
    example = {"examples": ["2026-12-22T22:05:00+00:00"]}
    return fields.AwareDateTime(required=True, allow_none=empty, format="iso", metadata=example)


def _person(words: str) -> fields.String:
    told = {"description": f"{words}; null without the scope donors:read"}
    return fields.String(required=True, allow_none=True, metadata=told)


class ProblemSchema(Schema):
    """RFC 9457."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.Dict(metadata={"description": "what is wrong, by parameter"})
    scope = fields.String(metadata={"description": "the scope that the token lacks"})


class PageParameters(Schema):
    """How much of a list."""

    cursor = fields.String(metadata={"description": "`next_cursor` of the page before"})
    limit = fields.Integer(load_default=50, validate=validate.Range(1, LARGEST_PAGE))


class PeriodParameters(PageParameters):
    """`since` is included, `until` is not."""

    since = fields.AwareDateTime(format="iso")
    until = fields.AwareDateTime(format="iso")


class LedgerParameters(PeriodParameters):
    """Filters of the ledger."""

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
    """A campaign; what it has raised is at its `progress`."""

    slug = _text("nine-days")
    title = _text("Keep every story free to read")
    state = fields.String(required=True, validate=_one_of(CampaignState))
    currency = _code()
    goal = _minor("the goal in minor units")
    stretch_goal = fields.Integer(required=True, allow_none=True)
    designation = _text("General")
    starts_at = _instant()
    deadline = _instant()
    timezone = _text("America/Los_Angeles")


class DonationSchema(Schema):
    """A gift, or one renewal. `amount` is the gift, `cover` what the donor added for fees."""

    id = fields.String(required=True, metadata={"examples": ["don_0123456789abcdef0123"]})
    campaign = _text("nine-days")
    donor = fields.Integer(required=True)
    subscription = _text("sub_1Pq", empty=True)
    state = fields.String(required=True, validate=_one_of(DonationState))
    frequency = fields.String(required=True, validate=_one_of(Frequency))
    amount = _minor("the gift in minor units")
    cover = _minor("what the donor added for fees, in minor units")
    currency = _code()
    code = _text("article-7")
    anonymous = fields.Boolean(required=True)
    name = _person("the donor's name")
    email = _person("the donor's address")
    comment = _person("what the donor wrote")
    tribute_kind = _text("honor")
    tribute_name = _person("whom the gift honours")
    created_at = _instant()
    paid_at = _instant(empty=True)
    receipt_number = _text("2026-000041", empty=True)


class DonorSchema(Schema):
    """A person who gave."""

    id = fields.Integer(required=True)
    name = _text("Ana Reyes")
    email = _text("ana@example.org")
    address = _text("1 Wharf Street\nAstoria, OR 97103")
    locale = _text("en")
    created_at = _instant()


class LedgerEntrySchema(Schema):
    """One movement of money. `amount` is signed; what a campaign raised is its sum."""

    id = fields.Integer(required=True)
    campaign = _text("nine-days", empty=True)
    donation = _text("don_0123456789abcdef0123")
    kind = fields.String(required=True, validate=_one_of(LedgerKind))
    amount = _minor("signed minor units")
    cover = _minor("signed minor units")
    fee = _minor("what the processor kept, in minor units")
    currency = _code()
    occurred_at = _instant()
    recorded_at = _instant()
    source = _text("pi_3PQ")


class ReceiptSchema(Schema):
    """A receipt; a corrected or void one replaces an earlier one."""

    number = _text("2026-000041")
    donation = _text("don_0123456789abcdef0123")
    kind = fields.String(required=True, validate=_one_of(ReceiptKind))
    amount = _minor("minor units")
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
    amount = _minor("minor units")
    cover = _minor("minor units")
    currency = _code()
    created_at = _instant()
    ended_at = _instant(empty=True)
    end_reason = _text("cancellation_requested", empty=True)


class ProgressSchema(Schema):
    """The figure, as the public page has it; `raised` and `goal` in minor units."""

    campaign = _text("nine-days")
    state = fields.String(required=True, validate=_one_of(CampaignState))
    currency = _code()
    goal = _minor("minor units")
    raised = _minor("minor units")
    pending = _minor("minor units")
    donations = fields.Integer(required=True)
    donors = fields.Integer(required=True)


def listed(row: type[Schema]) -> type[Schema]:
    """The schema of a page of `row`."""
    name = row.__name__.removesuffix("Schema")
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(row), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        },
        name=f"{name}PageSchema",
    )
