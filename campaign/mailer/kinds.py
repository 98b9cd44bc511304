"""The kinds of campaign email, as the outbox has them in `outbox_message.kind`."""

APPEAL = "appeal"
REMINDER = "reminder"
THANK_YOU = "thank_you"
WRAP_UP = "wrap_up"
