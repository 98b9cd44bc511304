"""The content of campaign emails: appeals, reminders, the result and thanks.

A context is the same for all recipients of one kind, step and language. Where recipients differ it contains merge
fields (`campaign.mailer.merge_fields`). Figures and the deadline are those at the time it is built.
"""

from typing import Any

from campaign.campaigns import formatting
from campaign.campaigns.default_texts import render_opening
from campaign.campaigns.progress import Progress
from campaign.core import clock
from campaign.core.i18n import Language
from campaign.mailer import merge_fields
from campaign.mailer.email_context import Sender
from campaign.models import Campaign, CampaignStep, Extension

_CHARACTERS = 64
"""Maximum length of a donation's code."""


def appeal_context(
    progress: Progress,
    step: CampaignStep,
    extension: Extension | None,
    sender: Sender,
    language: Language,
) -> dict[str, Any]:
    """Return the context of the appeal for `step`."""
    common = _asking(progress, mail_code(step.key), extension, sender, language)
    begun = render_opening(step.key, step.texts, _values(progress, sender, language), language)
    return common | {
        "step": step.key,
        "subject": begun.subject,
        "opening": begun.paragraphs,
        "past_donors": progress.campaign.ask_past_donors,
    }


def reminder_context(
    progress: Progress, extension: Extension | None, sender: Sender, language: Language
) -> dict[str, Any]:
    """Return the context of a reminder that someone requested."""
    return _asking(progress, mail_code("reminder"), extension, sender, language)


def result_context(
    progress: Progress, sender: Sender, language: Language, code: str = "wrap_up"
) -> dict[str, Any]:
    """Return the context of the result email, for donors and for other recipients."""
    campaign = progress.campaign
    short = max(0, campaign.goal - progress.raised)
    return _common(progress, mail_code(code), sender, language) | {
        "final": campaign.is_final(progress.as_of),
        "ended_text": formatting.weekday_date(
            clock.last_day(campaign.deadline, campaign.zone), language
        ),
        "final_from_text": formatting.date_there(campaign.final_from, campaign.zone, language),
        "short_text": formatting.amount(short, campaign.currency, language) if short else "",
        "promised_text": _promised(progress, language),
    }


def mail_code(key: str) -> str:
    """Return the code of gifts that come from an email's link, such as `mail-nine-days`."""
    return f"mail-{key.replace('_', '-')}"[:_CHARACTERS]


def _common(progress: Progress, code: str, sender: Sender, language: Language) -> dict[str, Any]:
    campaign = progress.campaign
    return {
        "organization": sender.organization,
        "locale": language.locale,
        "title": campaign.title_in(language.locale),
        "greeting": merge_fields.with_name(
            language.gettext("Dear %(name)s,") % {"name": merge_fields.NAME},
            language.gettext("Dear reader,"),
        ),
        **_figures(progress, language),
        "goal_text": formatting.amount(campaign.goal, campaign.currency, language),
        "as_of_text": formatting.moment_there(progress.as_of, campaign.zone, language),
        "campaign_url": sender.address(
            f"/c/{campaign.slug}?code={code}" + (language.query and f"&{language.query}")
        ),
        "unsubscribe_url": merge_fields.UNSUBSCRIBE_URL,
    }


def _figures(progress: Progress, language: Language) -> dict[str, Any]:
    """Return the amount raised and related figures, or only the goal while the amount is hidden."""
    currency = progress.campaign.currency
    if progress.hidden:
        goal = formatting.amount(progress.campaign.goal, currency, language)
        text = language.gettext("The goal is %(goal)s. The amount raised will be shown later.")
        return {"hidden": True, "figure": text % {"goal": goal}}
    return {
        "hidden": False,
        "figure": formatting.raised_so_far(progress, language),
        "raised_text": formatting.amount(progress.raised, currency, language),
        "percent": min(100, max(0, int(progress.percent))),
        "percent_text": formatting.percent(progress.percent, language),
    }


def _asking(
    progress: Progress, code: str, extension: Extension | None, sender: Sender, language: Language
) -> dict[str, Any]:
    campaign = progress.campaign
    last = clock.last_day(campaign.deadline, campaign.zone)
    common = _common(progress, code, sender, language)
    return common | {
        "give_url": common["campaign_url"] + "#give",
        "left_text": _left(progress, language),
        "promised_text": _promised(progress, language),
        "days_left_text": formatting.days_left(progress, language),
        "ending_text": formatting.ending(campaign, language),
        "payee": sender.organization.name,
        "memo": campaign.slug.upper(),
        "postmark_text": formatting.long_date(last, language),
        "moved": _moved(campaign, extension, language),
    }


def _values(progress: Progress, sender: Sender, language: Language) -> dict[str, str]:
    campaign = progress.campaign
    days = max(1, progress.days_left)
    left = formatting.days_left(progress, language)
    last = clock.last_day(campaign.deadline, campaign.zone)
    return {
        "title": campaign.title_in(language.locale),
        "organization": sender.organization.name,
        "goal": formatting.amount(campaign.goal, campaign.currency, language),
        "raised": ""
        if progress.hidden
        else formatting.amount(progress.raised, campaign.currency, language),
        "left": _left(progress, language),
        "hidden": "yes" if progress.hidden else "",
        "days": formatting.days(days, language) if left else "",
        "days_left": left,
        "last_day": formatting.weekday_date(last, language),
        "ending": formatting.ending(campaign, language),
    }


def _left(progress: Progress, language: Language) -> str:
    left = progress.campaign.goal - progress.raised
    shown = left > 0 and not progress.hidden
    return formatting.amount(left, progress.campaign.currency, language) if shown else ""


def _promised(progress: Progress, language: Language) -> str:
    currency = progress.campaign.currency
    shown = progress.pending and not progress.hidden
    return formatting.amount(progress.pending, currency, language) if shown else ""


def _moved(campaign: Campaign, extension: Extension | None, language: Language) -> dict[str, str]:
    """Return the previous and new end date and the reason of an extension, or {} if there was none."""
    if extension is None:
        return {}
    before, after = (
        formatting.weekday_date(clock.last_day(end, campaign.zone), language)
        for end in (extension.previous_deadline, extension.deadline)
    )
    return {"before": before, "after": after, "reason": extension.reason.rstrip(" .")}
