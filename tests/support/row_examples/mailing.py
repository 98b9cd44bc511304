"""Subscribers, suppressed addresses, reminders, the email schedule, extensions and list services."""

from tests.support.row_examples.table import (
    BLINK,
    NOON,
    Default,
    Reference,
    Table,
    Unique,
    each,
    fresh,
    key_of,
    once,
    refused,
)

ANA = "ana@example.org"
A_CAMPAIGN = once(key_of("campaign"))

SUBSCRIBER = Table(
    "subscriber",
    row={"email": fresh(ANA), "consent_source": "form", "consent_at": NOON},
    defaults={
        "name": "",
        "locale": "en",
        "consent_wording": "",
        "giving": "never",
        "created_at": Default.transaction_time,
    },
    optional=["timezone"],
    computed=["words"],
    refused=refused("ck_subscriber_giving", *each("giving", ["", "gave", "Monthly"])),
    unique=[
        Unique(
            "uq_subscriber_lower_email",
            {"email": ANA},
            again=[{"email": "Ana@Example.ORG"}],
            apart=[{"email": "ben@example.org"}],
        )
    ],
)

SUPPRESSION = Table(
    "suppression",
    row={"email": fresh(ANA), "reason": "unsubscribed"},
    defaults={"detail": "", "created_at": Default.transaction_time},
    optional=["campaign_id"],
    refused=[
        *refused(
            "ck_suppression_email", *each("email", ["", "Ana@example.org", "ana@example.orG"])
        ),
        *refused("ck_suppression_reason", *each("reason", ["bored", "", "Bounced"])),
    ],
    accepted=each("reason", ["unsubscribed", "bounced", "complained", "refused", "imported"]),
    unique=[
        Unique(
            "uq_suppression_email",
            {"email": ANA},
            apart=[{"email": "ben@example.org"}, {"campaign_id": key_of("campaign")}],
            free=[{"campaign_id": key_of("campaign")}],
        ),
        Unique(
            "uq_suppression_email_campaign_id",
            {"email": ANA, "campaign_id": A_CAMPAIGN},
            apart=[
                {"email": "ben@example.org"},
                {"campaign_id": key_of("campaign")},
                {"campaign_id": None},
            ],
        ),
    ],
    references=[Reference("campaign_id", "campaign")],
)

REMINDER = Table(
    "reminder",
    row={
        "campaign_id": key_of("campaign"),
        "email": ANA,
        "choice": "tomorrow",
        "due_at": NOON,
    },
    defaults={"locale": "en", "created_at": Default.transaction_time},
    optional=["confirmed_at", "token"],
    refused=refused("ck_reminder_choice", *each("choice", ["never", "", "Tomorrow"])),
    accepted=each("choice", ["tomorrow", "three_days", "last_day"]),
    unique=[
        Unique(
            "uq_reminder_campaign_id",
            {"campaign_id": A_CAMPAIGN, "email": ANA},
            again=[{"email": "ANA@example.org"}],
            apart=[{"email": "ben@example.org"}, {"campaign_id": key_of("campaign")}],
        ),
        Unique("uq_reminder_token", {"token": "a"}, apart=[{"token": "b"}, {"token": None}]),
    ],
    references=[Reference("campaign_id", "campaign")],
)

CAMPAIGN_STEP = Table(
    "campaign_step",
    row={"campaign_id": key_of("campaign"), "key": "opening", "basis": "opening"},
    defaults={"offset": 0, "enabled": True, "texts": {}},
    optional=["expires_after"],
    refused=[
        *refused("ck_campaign_step_basis", *each("basis", ["later", "", "Opening"])),
        *refused("ck_campaign_step_offset", {"offset": -1}),
        *refused("ck_campaign_step_expires_after", *each("expires_after", [0, -1])),
    ],
    accepted=[
        *each("basis", ["opening", "days_before", "hours_before", "after_end"]),
        {"offset": 1},
        {"expires_after": 1},
    ],
    unique=[
        Unique(
            "uq_campaign_step_campaign_id_key",
            {"campaign_id": A_CAMPAIGN, "key": "opening"},
            apart=[{"key": "last-day"}, {"campaign_id": key_of("campaign")}],
        )
    ],
    references=[Reference("campaign_id", "campaign")],
)

EXTENSION = Table(
    "extension",
    row={
        "campaign_id": key_of("campaign"),
        "previous_deadline": NOON,
        "deadline": NOON + BLINK,
        "reason": "The storm",
        "recorded_by": "Ada",
    },
    defaults={"created_at": Default.transaction_time},
    refused=[
        *refused("ck_extension_moved", {"deadline": NOON}),
        *refused("ck_extension_reason", {"reason": ""}),
    ],
    accepted=[{"deadline": NOON - BLINK}],
    references=[Reference("campaign_id", "campaign")],
)

SERVICES = ["mailchimp", "brevo", "listmonk"]

LIST_MEMBER = Table(
    "list_member",
    row={"service": "mailchimp", "email": fresh("ana@example.org")},
    defaults={"remote_id": "", "tags": [], "erase": False},
    optional=["pushed_at", "left_at", "refused_at"],
    refused=[
        *refused("ck_list_member_service", *each("service", ["mailgun", ""])),
        *refused("ck_list_member_email", *each("email", ["Ana@example.org", ""])),
    ],
    accepted=each("service", SERVICES),
    unique=[
        Unique(
            "uq_list_member_service_email",
            {"service": "mailchimp", "email": "ana@example.org"},
            apart=[{"service": "brevo"}, {"email": "ben@example.org"}],
        )
    ],
)

LIST_SYNC_STATE = Table(
    "list_sync_state",
    # Two rows at most are made with the default.
    row={"service": lambda rows: SERVICES[rows.number() % len(SERVICES)]},
    numbered=False,
    optional=["pulled_at", "not_before"],
    refused=[*refused("ck_list_sync_state_service", *each("service", ["mailgun", ""]))],
    accepted=each("service", ["brevo", "listmonk"]),
    unique=[Unique("pk_list_sync_state", {"service": "mailchimp"}, apart=[{"service": "brevo"}])],
)

TABLES = [
    SUBSCRIBER,
    SUPPRESSION,
    REMINDER,
    CAMPAIGN_STEP,
    EXTENSION,
    LIST_MEMBER,
    LIST_SYNC_STATE,
]
