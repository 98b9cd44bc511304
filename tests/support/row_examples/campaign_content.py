"""Branding, translated texts, milestones, the donor wall."""

from tests.support.row_examples.campaign import COLORS, DARK, LIGHT
from tests.support.row_examples.table import (
    NOON,
    Default,
    Reference,
    Row,
    Table,
    Unique,
    both_or_neither,
    each,
    key_of,
    once,
    refused,
)

LOGO: Row = {"logo": b"<svg/>", "logo_type": "image/svg+xml", "logo_digest": "abc"}


def without(column: str) -> Row:
    """The logo's columns but one."""
    left = {name: value for name, value in LOGO.items() if name != column}
    return {**left, "logo_alt": "Harbor"}


BRANDING = Table(
    "branding",
    row={},
    numbered=False,
    single=True,
    defaults={
        "id": 1,
        "logo_alt": "",
        "masthead": "",
        "footer": "",
        "wall_by_default": False,
        "changed_at": Default.transaction_time,
    },
    optional=["accent_light", "accent_dark", "logo", "logo_type", "logo_digest"],
    refused=[
        *refused("ck_branding_only_one", *each("id", [0, 2])),
        *both_or_neither("ck_branding_accents", {"accent_light": LIGHT}, {"accent_dark": DARK}),
        *refused("ck_branding_colors", *COLORS),
        *refused("ck_branding_logo", *(without(column) for column in LOGO)),
        *refused(
            "ck_branding_logo", *({column: LOGO[column]} for column in LOGO if column != "logo")
        ),
        *refused("ck_branding_logo", {"logo": b"<svg/>", "logo_alt": "Harbor"}),
        *refused("ck_branding_logo_alt", LOGO),
    ],
    accepted=[
        {"accent_light": LIGHT, "accent_dark": DARK},
        {**LOGO, "logo_alt": "Harbor"},
        {"logo_alt": "Harbor"},
    ],
    unique=[Unique("pk_branding", {"id": 1})],
)

CAMPAIGN_TEXT = Table(
    "campaign_text",
    row={"campaign_id": key_of("campaign"), "locale": "es"},
    numbered=False,
    defaults={"title": "", "appeal": "", "thanks": "", "changed_at": Default.transaction_time},
    unique=[
        Unique(
            "pk_campaign_text",
            {"campaign_id": once(key_of("campaign")), "locale": "es"},
            apart=[{"locale": "fr"}, {"campaign_id": key_of("campaign")}],
        )
    ],
    references=[Reference("campaign_id", "campaign")],
)

MILESTONE = Table(
    "milestone",
    row={
        "campaign_id": key_of("campaign"),
        "mark": "half",
        "target": 25_000_00,
        "reached_at": NOON,
        "raised": 25_100_00,
    },
    numbered=False,
    defaults={"recorded_at": Default.transaction_time},
    refused=refused("ck_milestone_mark", *each("mark", ["third", "", "Half"])),
    accepted=each("mark", ["quarter", "half", "three_quarters", "goal", "stretch"]),
    unique=[
        Unique(
            "pk_milestone",
            {"campaign_id": once(key_of("campaign")), "mark": "half", "target": 100},
            apart=[{"mark": "quarter"}, {"target": 101}, {"campaign_id": key_of("campaign")}],
        )
    ],
    references=[Reference("campaign_id", "campaign")],
)

WALL_ENTRY = Table(
    "wall_entry",
    row={
        "donation_id": key_of("donation"),
        "campaign_id": key_of("campaign"),
        "first_name": "Ana",
        "wording": "Show my first name.",
        "consent_at": NOON,
    },
    numbered=False,
    defaults={"place": "", "comment": "", "comment_state": "none"},
    optional=["hidden_at"],
    refused=[
        *refused("ck_wall_entry_first_name", {"first_name": ""}),
        *refused("ck_wall_entry_comment_state", {"comment": "Hi", "comment_state": "read"}),
        *refused("ck_wall_entry_comment", {"comment": "Hi"}),
        *refused(
            "ck_wall_entry_comment", *each("comment_state", ["waiting", "approved", "hidden"])
        ),
    ],
    accepted=[
        {"first_name": "A"},
        *each("comment_state", ["waiting", "approved", "hidden"], comment="Hi"),
    ],
    unique=[
        Unique(
            "pk_wall_entry",
            {"donation_id": once(key_of("donation"))},
            apart=[{"donation_id": key_of("donation")}],
        )
    ],
    references=[Reference("donation_id", "donation"), Reference("campaign_id", "campaign")],
)

TABLES = [BRANDING, CAMPAIGN_TEXT, MILESTONE, WALL_ENTRY]
