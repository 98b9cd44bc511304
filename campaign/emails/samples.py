"""Every letter with made-up facts: for the previews and for the tests that look at each of them.

The contexts are made by the same functions as the real ones, from rows that no database holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from campaign.core.i18n import words
from campaign.emails import sample_donation_emails
from campaign.emails.sample_facts import END, OPENING, Make, progress
from campaign.models import CampaignStep, Extension
from campaign.outreach import campaign_email_content


@dataclass(frozen=True)
class Sample:
    """One letter: its name in addresses, the folder of its template, and what makes its context in a language."""

    name: str
    kind: str
    make: Make


def samples() -> Mapping[str, Sample]:
    """All of them by name, in the order in which staff look for them."""
    gifts = [Sample(name, kind, make) for name, kind, make in sample_donation_emails.letters()]
    made = [*gifts, *_appeals(), *_results()]
    return {sample.name: sample for sample in made}


def _appeals() -> list[Sample]:
    moments = {
        "opening": OPENING,
        "nine_days": END - timedelta(days=9, hours=-9),
        "seven_days": END - timedelta(days=7, hours=-9),
        "three_days": END - timedelta(days=3, hours=-9),
        "two_days": END - timedelta(days=2, hours=-9),
        "last_day": END - timedelta(hours=15),
        "last_hours": END - timedelta(hours=4),
    }
    steps = [
        Sample(f"appeal_{key}", "appeal", _appeal(key, at, raised))
        for (key, at), raised in zip(moments.items(), range(0, 4_200_000, 600_000), strict=True)
    ]
    staff = {
        "en": {
            "subject": "From our desk: {days_left}",
            "opening": "I edit these pages.\n\nWe have {raised} & need {left} <more>.",
        },
        "es": {
            "subject": "Desde la redacción: {days_left}",
            "opening": "Edito estas páginas.\n\nTenemos {raised} y nos faltan {left} <más>.",
        },
    }
    three = moments["three_days"]
    return [
        *steps,
        Sample("appeal_own_words", "appeal", _appeal("three_days", three, 3_125_000, texts=staff)),
        Sample("appeal_goal_met", "appeal", _appeal("two_days", three, 5_231_000)),
        Sample("appeal_extended", "appeal", _appeal("last_day", three, 3_125_000, moved=True)),
        Sample("reminder", "reminder", _reminder(three)),
    ]


def _appeal(
    key: str,
    at: datetime,
    raised: int,
    *,
    texts: Mapping[str, Any] | None = None,
    moved: bool = False,
) -> Make:
    step = CampaignStep(key=key, texts=texts or {})
    extension = Extension(
        previous_deadline=END - timedelta(days=7),
        deadline=END,
        reason="a storm kept our office closed for a week",
    )
    return lambda sender, locale: campaign_email_content.appeal_context(
        progress(at, raised), step, extension if moved else None, sender, words(locale)
    )


def _reminder(at: datetime) -> Make:
    return lambda sender, locale: campaign_email_content.reminder_context(
        progress(at, 3_125_000), None, sender, words(locale)
    )


def _results() -> list[Sample]:
    def result(at: datetime, raised: int) -> Make:
        return lambda sender, locale: campaign_email_content.result_context(
            progress(at, raised), sender, words(locale)
        )

    soon, later = END + timedelta(hours=9), END + timedelta(days=15)
    return [
        Sample("wrap_up", "wrap_up", result(soon, 5_231_000)),
        Sample("wrap_up_short", "wrap_up", result(later, 4_712_550)),
        Sample("thank_you", "thank_you", result(soon, 5_231_000)),
        Sample("thank_you_short", "thank_you", result(later, 4_712_550)),
    ]
