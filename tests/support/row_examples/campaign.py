"""Campaigns."""

from tests.support.row_examples.table import (
    BLINK,
    DAY,
    NOON,
    Default,
    Row,
    Table,
    Unique,
    both_or_neither,
    each,
    fresh,
    refused,
)

LIGHT, DARK = "#aabbcc", "#00ff99"
NO_COLORS = ["#AABBCC", "#aabbc", "#aabbccd", "aabbcc", "x#aabbcc", "#aabbcg"]
CURRENCIES = ["USD", "us", "usdd", "u$d", "us1", "1usd"]
"""No ISO codes as we write them: three lower-case letters."""
COLORS: list[Row] = [
    *each("accent_light", NO_COLORS, accent_dark=DARK),
    *each("accent_dark", NO_COLORS, accent_light=LIGHT),
]

CAMPAIGN = Table(
    "campaign",
    row={
        "slug": fresh("nine-days-"),
        "title": "Keep every story free to read",
        "currency": "usd",
        "goal": 50_000_00,
        "starts_at": NOON,
        "deadline": NOON + 9 * DAY,
        "deadline_wall_clock": "2027-01-02T04:00",
        "timezone": "America/Los_Angeles",
        "suggested_amounts": [2500, 5000],
        "smallest_amount": 500,
        "appeal": "Tonight the commission votes.",
    },
    defaults={
        "grace_days": 14,
        "ask_past_donors": False,
        "designation": "General",
        "organization_line": "",
        "locale": "en",
        "thanks": "",
        "wall_shown": False,
        "figures_hidden": False,
        "archive": False,
        "created_at": Default.transaction_time,
    },
    optional=[
        "stretch_goal",
        "paused_at",
        "pause_reason",
        "accent_light",
        "accent_dark",
        "figures_from_percent",
        "finalized_at",
        "final_raised",
    ],
    refused=[
        *refused(
            "ck_campaign_slug",
            *each(
                "slug",
                ["", "Nine", "nine days", "nine--days", "-nine", "nine-", "níne", "a_b", "a" * 81],
            ),
        ),
        *refused("ck_campaign_goal", *each("goal", [0, -1])),
        *refused("ck_campaign_currency", *each("currency", CURRENCIES)),
        *refused("ck_campaign_window", *each("deadline", [NOON, NOON - BLINK])),
        *refused("ck_campaign_smallest_amount", *each("smallest_amount", [0, -1])),
        *refused("ck_campaign_grace_days", {"grace_days": -1}),
        *both_or_neither("ck_campaign_finalized", {"finalized_at": NOON}, {"final_raised": 0}),
        *refused("ck_campaign_stretch_goal", *each("stretch_goal", [50_000_00, 49_999_99])),
        *both_or_neither("ck_campaign_paused", {"paused_at": NOON}, {"pause_reason": "An attack"}),
        *both_or_neither("ck_campaign_accents", {"accent_light": LIGHT}, {"accent_dark": DARK}),
        *refused("ck_campaign_colors", *COLORS),
        *refused("ck_campaign_figures_from_percent", *each("figures_from_percent", [-1, 0, 101])),
    ],
    accepted=[
        *each("slug", ["a", "2", "nine-days-of-2026", "a" * 80]),
        {"goal": 1},
        {"currency": "eur"},
        {"deadline": NOON + BLINK},
        {"smallest_amount": 1},
        {"grace_days": 0},
        {"finalized_at": NOON, "final_raised": 0},
        {"stretch_goal": 50_000_01},
        {"paused_at": NOON, "pause_reason": "An attack"},
        {"accent_light": LIGHT, "accent_dark": DARK},
        {"accent_light": "#012345", "accent_dark": "#6789ef"},
        *each("figures_from_percent", [1, 100]),
    ],
    unique=[Unique("uq_campaign_slug", {"slug": "nine-days"}, apart=[{"slug": "ten-days"}])],
)

TABLES = [CAMPAIGN]
