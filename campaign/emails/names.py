"""Readable names of all kinds of email and of the samples, for staff pages."""

from collections.abc import Mapping
from dataclasses import dataclass

from campaign.emails.samples import Sample, samples
from campaign.mailer.kinds import EmailKind

KIND_NAMES: Mapping[str, str] = {
    EmailKind.receipt: "Receipt",
    EmailKind.statement: "Yearly statement",
    EmailKind.tribute_card: "Tribute card",
    EmailKind.renewal_upcoming: "Yearly gift renews soon",
    EmailKind.renewal_failed: "Renewal failed",
    EmailKind.subscription_ended: "Monthly or yearly gift ended",
    EmailKind.donor_portal_link: "Link to the donor page",
    EmailKind.donor_portal_note: "Change on the donor page",
    EmailKind.sign_in_link: "Sign-in link for staff",
    EmailKind.staff_alert: "Alert to staff",
    EmailKind.staff_notice: "Change of access, to staff",
    EmailKind.campaign_test: "Test of a campaign email",
    EmailKind.appeal: "Campaign email",
    EmailKind.extension: "New deadline",
    EmailKind.move_over: "Please move your monthly gift here",
    EmailKind.reminder: "Reminder",
    EmailKind.reminder_confirmation: "Is this address yours?",
    EmailKind.thank_you: "Thanks with the result",
    EmailKind.wrap_up: "Result",
}
"""What staff call each kind."""

SAMPLE_NAMES: Mapping[str, str] = {
    "receipt": "Receipt for a one-time gift",
    "receipt_monthly": "Receipt for a monthly gift",
    "receipt_yearly": "Receipt for a yearly gift",
    "receipt_corrected": "Corrected receipt after a partial refund",
    "receipt_void": "Void receipt after a full refund",
    "renewal_failed": "Renewal failed, with a link to pay",
    "renewal_to_confirm": "Renewal that the donor must confirm",
    "renewal_failed_plain": "Renewal failed, without a link",
    "renewal_upcoming": "Yearly gift renews in two weeks",
    "subscription_ended": "Gift canceled",
    "subscription_given_up": "Gift ended because payments failed",
    "statement": "Yearly statement",
    "staff_alert": "Alert to staff",
    "staff_notice": "Change of access, to staff",
    "campaign_test": "Test of a campaign email",
    "donor_page_link": "Link to the donor page",
    "donor_page_address": "Link that confirms a new address",
    "tribute_card": "Tribute card, in memory",
    "tribute_card_honor": "Tribute card, in honor",
    "sign_in_link": "Sign-in link",
    "sign_in_invitation": "Invitation to the team",
    "appeal_nine_days": "8 days left",
    "appeal_seven_days": "6 days left",
    "appeal_three_days": "2 days left",
    "appeal_two_days": "1 day left",
    "appeal_first": "The first email after the opening was missed",
    "appeal_early": "While little has been given",
    "appeal_matched": "While gifts are matched",
    "appeal_stretch": "With a stretch goal",
    "extension": "The deadline moved",
    "extension_reopened": "The campaign is open again",
    "appeal_own_words": "With text of your own",
    "appeal_goal_met": "After the goal is met",
    "appeal_extended": "After the deadline moved",
    "reminder": "Reminder that a reader asked for",
    "reminder_confirmation": "Asks whether an address is the reader’s",
    "wrap_up": "Result, goal met",
    "wrap_up_short": "Result, goal missed",
    "thank_you": "Thanks with the result, goal met",
    "thank_you_short": "Thanks with the result, goal missed",
}
"""Samples whose key says too little."""

_GROUPS: tuple[tuple[str, frozenset[EmailKind]], ...] = (
    (
        "Campaign emails",
        frozenset(
            {
                EmailKind.appeal,
                EmailKind.extension,
                EmailKind.reminder,
                EmailKind.reminder_confirmation,
                EmailKind.wrap_up,
                EmailKind.thank_you,
            }
        ),
    ),
    ("Receipts and statements", frozenset({EmailKind.receipt, EmailKind.statement})),
    (
        "Monthly and yearly gifts",
        frozenset(
            {
                EmailKind.move_over,
                EmailKind.renewal_upcoming,
                EmailKind.renewal_failed,
                EmailKind.subscription_ended,
            }
        ),
    ),
    ("Tribute cards", frozenset({EmailKind.tribute_card})),
    ("Donor page", frozenset({EmailKind.donor_portal_link, EmailKind.donor_portal_note})),
)
_OTHERS = "Staff"


@dataclass(frozen=True)
class SampleGroup:
    """Samples that belong together, with their readable names by key."""

    title: str
    samples: Mapping[str, str]


def kind_name(kind: str) -> str:
    """Return what staff call this kind of email."""
    return KIND_NAMES.get(kind) or _readable(kind)


def sample_name(key: str) -> str:
    """Return what staff call this sample."""
    if key in SAMPLE_NAMES:
        return SAMPLE_NAMES[key]
    if key.startswith("appeal_"):
        return _readable(key.removeprefix("appeal_"))
    if key.startswith("donor_page_"):
        return f"Donor page: {key.removeprefix('donor_page_').replace('_', ' ')}"
    return _readable(key)


def sample_groups() -> list[SampleGroup]:
    """Return all samples in groups, each in the order in which samples are listed."""
    every = samples().values()
    known = frozenset[EmailKind]().union(*(kinds for _, kinds in _GROUPS))
    groups = [
        _group(title, [one for one in every if one.kind in kinds]) for title, kinds in _GROUPS
    ]
    groups.append(_group(_OTHERS, [one for one in every if one.kind not in known]))
    return [group for group in groups if group.samples]


def sample_of(kind: str) -> str:
    """Return the key of the sample that best shows this kind, or '' if there is none."""
    every = samples()
    return (
        kind if kind in every else next((key for key, one in every.items() if one.kind == kind), "")
    )


def _group(title: str, found: list[Sample]) -> SampleGroup:
    return SampleGroup(title, {one.name: sample_name(one.name) for one in found})


def _readable(key: str) -> str:
    return key.replace("_", " ").capitalize()
