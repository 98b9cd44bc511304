"""All kinds of email, as stored in `outbox_message.kind`. Each has a folder in `templates/email`."""

from enum import StrEnum


class EmailKind(StrEnum):
    """What an email is about. The values are used in the database, folder names, commands and metrics."""

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
    staff_notice = "staff_notice"
    campaign_test = "campaign_test"
    appeal = "appeal"
    extension = "extension"
    reminder = "reminder"
    reminder_confirmation = "reminder_confirmation"
    thank_you = "thank_you"
    wrap_up = "wrap_up"
    move_over = "move_over"

    @property
    def is_bulk(self) -> bool:
        """Whether this is a campaign email: sent after all others and at most once, with an unsubscribe link."""
        return self in _CAMPAIGN_EMAILS


_CAMPAIGN_EMAILS = frozenset(
    {
        EmailKind.appeal,
        EmailKind.extension,
        EmailKind.reminder,
        EmailKind.thank_you,
        EmailKind.wrap_up,
        EmailKind.move_over,
    }
)
