"""Every kind of email there is, by what `outbox_message.kind` says. Each has a folder in `templates/email`."""

from enum import StrEnum


class EmailKind(StrEnum):
    """What an email is about. The values stand in the database, in folder names, in commands and metrics."""

    receipt = "receipt"
    statement = "statement"
    tribute_card = "tribute_card"
    renewal_upcoming = "renewal_upcoming"
    renewal_failed = "renewal_failed"
    subscription_ended = "subscription_ended"
    donor_portal_link = "donor_page_link"
    donor_portal_note = "donor_page_note"
    sign_in_link = "sign_in_link"
    staff_alert = "staff_alert"
    appeal = "appeal"
    reminder = "reminder"
    thank_you = "thank_you"
    wrap_up = "wrap_up"

    @property
    def is_bulk(self) -> bool:
        """Whether it is a campaign email: it waits for all others, is sent at most once, and can be unsubscribed."""
        return self in _CAMPAIGN_EMAILS


_CAMPAIGN_EMAILS = frozenset(
    {EmailKind.appeal, EmailKind.reminder, EmailKind.thank_you, EmailKind.wrap_up}
)
