"""The content of campaign emails: appeals, reminders, the result and thanks.

A context is the same for all recipients of one kind, step and language. Where recipients differ it contains merge
fields (`campaign.mailer.merge_fields`). Figures and the deadline are those at the time it is built.
"""

from datetime import datetime
from typing import Any

from campaign.campaigns import formatting
from campaign.campaigns.campaign_formatting import offer_values
from campaign.campaigns.default_texts import render_introduction, render_opening
from campaign.campaigns.progress import Progress
from campaign.core import clock
from campaign.core.i18n import Language
from campaign.mailer import merge_fields
from campaign.mailer.email_context import Sender
from campaign.models import Campaign, CampaignStep, Extension

_CHARACTERS = 64
"""Maximum length of a donation's code."""

EARLY_PERCENT = 5
"""Below this share of the goal, an email that asks shows no bar: "$0 of $50,000" is no argument to give."""


def appeal_context(
    progress: Progress,
    step: CampaignStep,
    extension: Extension | None,
    sender: Sender,
    language: Language,
    introduced_by: CampaignStep | None = None,
) -> dict[str, Any]:
    """Return the context of the appeal for `step`.

    `introduced_by`: the campaign's opening, if this is the recipient's first email about the campaign and not the
    opening itself.
    """
    common = _asking(progress, mail_code(step.key), extension, sender, language)
    values = _values(progress, sender, language)
    begun = render_opening(step.key, step.texts, values, language)
    introduction = (
        render_introduction(introduced_by.texts, values, language) if introduced_by else ()
    )
    return common | {
        "step": step.key,
        "subject": begun.subject,
        "opening": introduction + begun.paragraphs,
        "past_donors": progress.campaign.ask_past_donors,
    }


def reminder_context(
    progress: Progress, extension: Extension | None, sender: Sender, language: Language
) -> dict[str, Any]:
    """Return the context of a reminder that someone requested."""
    return _asking(progress, mail_code("reminder"), extension, sender, language)


def reminder_confirmation_context(
    campaign: Campaign, link_url: str, sender: Sender, language: Language
) -> dict[str, Any]:
    """Return the context of the email that asks whether an address is the reader's. It asks for no money."""
    return {
        "organization": sender.organization,
        "locale": language.locale,
        "title": campaign.title_in(language.locale),
        "link_url": link_url,
    }


def extension_context(
    progress: Progress, extension: Extension, told: datetime, sender: Sender, language: Language
) -> dict[str, Any]:
    """Return the context of the email about an extension, for recipients who were told the end `told`."""
    campaign = progress.campaign
    # The text itself says what moved.
    common = _asking(progress, mail_code("extension"), None, sender, language)
    ends = (told, campaign.deadline)
    days = [clock.last_day(end, campaign.zone) for end in ends]
    timed = days[0] == days[1]
    before, after = (
        [formatting.ending_at(end, campaign.zone, language) for end in ends]
        if timed
        else [formatting.weekday_date(day, language) for day in days]
    )
    change = _change(language, reopened=told <= extension.created_at, timed=timed)
    return common | {
        "after": after,
        "change_text": change % {"before": before, "after": after},
        "reason": extension.reason.rstrip(" ."),
    }


def _change(language: Language, *, reopened: bool, timed: bool) -> str:
    """Return the sentence about a new end: a day, or `timed`, if only the time changed."""
    if reopened and timed:
        return language.gettext(
            "Our campaign ended at %(before)s. It is open again, and now ends at %(after)s."
        )
    if reopened:
        return language.gettext(
            "Our campaign ended on %(before)s. It is open again, and now ends on %(after)s."
        )
    if timed:
        return language.gettext(
            "We wrote that our campaign would end at %(before)s. It now ends at %(after)s."
        )
    return language.gettext(
        "We wrote that our campaign would end on %(before)s. It now ends on %(after)s."
    )


def result_context(
    progress: Progress, sender: Sender, language: Language, code: str = "wrap_up"
) -> dict[str, Any]:
    """Return the context of the result email, for donors and for other recipients."""
    campaign = progress.campaign
    short = max(0, campaign.goal - progress.raised)
    common = _common(progress, mail_code(code), sender, language)
    return (
        common
        | _figures(progress, language)
        | {
            "final": campaign.is_final(progress.as_of),
            "ended_text": formatting.weekday_date(
                clock.last_day(campaign.deadline, campaign.zone), language
            ),
            "final_from_text": formatting.date_there(campaign.final_from, campaign.zone, language),
            "short_text": formatting.amount(short, campaign.currency, language) if short else "",
            "promised_text": _promised(progress, language),
        }
    )


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


def is_early(progress: Progress) -> bool:
    """Whether next to nothing is raised yet, so that the figures are no argument to give."""
    return progress.raised * 100 < progress.campaign.goal * EARLY_PERCENT


def _early_figures(progress: Progress, language: Language) -> dict[str, Any]:
    """Return the goal instead of the figures while next to nothing is raised, else {}."""
    if progress.hidden or not is_early(progress):
        return {}
    goal = formatting.amount(progress.campaign.goal, progress.campaign.currency, language)
    return {"hidden": True, "figure": language.gettext("Our goal is %(goal)s.") % {"goal": goal}}


def _matches(progress: Progress, language: Language) -> list[str]:
    """Return a sentence for each matching gift that would match a gift made now.

    What is left of it reveals what was given, so it is left out while the amount raised is hidden.
    """
    campaign = progress.campaign
    sentences = []
    for one in progress.matching:
        if not one.is_open(progress.as_of):
            continue
        offer = language.gettext(
            "Until %(until)s, %(sponsor)s adds %(added)s for each %(given)s you give, up to %(pool)s in all."
        )
        left = language.gettext("When we sent this email, %(remaining)s of that was left.")
        values = offer_values(campaign, one, language) | {
            "pool": formatting.amount(one.gift.pool, campaign.currency, language),
            "remaining": formatting.amount(one.remaining, campaign.currency, language),
        }
        sentences.append((offer if progress.hidden else f"{offer} {left}") % values)
    return sentences


def _asking(
    progress: Progress, code: str, extension: Extension | None, sender: Sender, language: Language
) -> dict[str, Any]:
    campaign = progress.campaign
    last = clock.last_day(campaign.deadline, campaign.zone)
    common = _common(progress, code, sender, language)
    figures = _early_figures(progress, language) or _figures(progress, language)
    return (
        common
        | figures
        | {
            "deadline": campaign.deadline,
            "matches": _matches(progress, language),
            "hours_left_text": formatting.hours_left(progress, language),
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
    )


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
        if progress.hidden or is_early(progress)
        else formatting.amount(progress.raised, campaign.currency, language),
        "left": _left(progress, language),
        "hidden": "yes" if progress.hidden else "",
        "early": "yes" if is_early(progress) else "",
        "matched": "yes" if _matches(progress, language) else "",
        **_stretch(progress, language),
        "days": formatting.days(days, language) if left else "",
        "days_left": left,
        "last_day": formatting.weekday_date(last, language),
        "ending": formatting.ending(campaign, language),
    }


def _left(progress: Progress, language: Language) -> str:
    left = progress.campaign.goal - progress.raised
    shown = left > 0 and not progress.hidden
    return formatting.amount(left, progress.campaign.currency, language) if shown else ""


def _stretch(progress: Progress, language: Language) -> dict[str, str]:
    """Return the stretch goal and what is missing, once the goal is met and until the stretch goal is."""
    campaign, missing = progress.campaign, progress.asked - progress.raised
    if progress.hidden or progress.asked == campaign.goal or missing <= 0:
        return {"stretch": "", "stretch_left": ""}
    return {
        "stretch": formatting.amount(progress.asked, campaign.currency, language),
        "stretch_left": formatting.amount(missing, campaign.currency, language),
    }


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
