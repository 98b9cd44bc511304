"""How one campaign is shown, as staff choose: its accent, whose it is, its wall, its thanks, and what is told early."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.audit.audit_log import Actor, Subject
from campaign.campaigns import form_parsing
from campaign.campaigns.branding_edit import read_accent_fields, short_line
from campaign.campaigns.edit import notify_campaign_pages
from campaign.campaigns.form_parsing import FieldReader
from campaign.core.errors import FieldsInvalid
from campaign.core.i18n import languages
from campaign.models import Campaign

LONGEST_LINE = 120
LONGEST_THANKS = 20_000


@dataclass(frozen=True)
class AppearanceFields:
    """The form as typed. `figures_from_percent` is '' for hidden until the end, or until staff tell."""

    accent_light: str = ""
    accent_dark: str = ""
    organization_line: str = ""
    locale: str = "en"
    thanks: str = ""
    wall_shown: bool = False
    figures_hidden: bool = False
    figures_from_percent: str = ""


def appearance_of(campaign: Campaign) -> AppearanceFields:
    """The campaign as the form first shows it."""
    share = campaign.figures_from_percent
    return AppearanceFields(
        accent_light=campaign.accent_light or "",
        accent_dark=campaign.accent_dark or "",
        organization_line=campaign.organization_line,
        locale=campaign.locale,
        thanks=campaign.thanks,
        wall_shown=campaign.wall_shown,
        figures_hidden=campaign.figures_hidden,
        figures_from_percent=str(share) if share else "",
    )


def edit_appearance(
    session: Session, campaign: Campaign, typed: AppearanceFields, actor: Actor
) -> list[str]:
    """Keep what was typed; the names of what changed. Raises FieldsInvalid with each fault by its field.

    The result is told to everybody: from the end on nothing is hidden, whatever is chosen here. The row is locked
    without holding gifts up.
    """
    campaign = session.get_one(
        Campaign, campaign.id, populate_existing=True, with_for_update={"key_share": True}
    )
    values = _read(typed)
    changed = [name for name, value in values.items() if value != getattr(campaign, name)]
    if not changed:
        return []
    before = {name: getattr(campaign, name) for name in changed}
    for name in changed:
        setattr(campaign, name, values[name])
    session.flush()
    audit_log.record(
        session,
        actor,
        "campaign.edited",
        Subject("campaign", campaign.slug, campaign.id),
        before=before,
        after={name: values[name] for name in changed},
    )
    notify_campaign_pages(session, campaign)
    return changed


def _read(typed: AppearanceFields) -> dict[str, Any]:
    reader = FieldReader()
    light, dark = read_accent_fields(reader, typed.accent_light, typed.accent_dark)
    values = {
        "accent_light": light,
        "accent_dark": dark,
        "organization_line": reader.read(
            "organization_line",
            lambda: short_line(typed.organization_line, LONGEST_LINE, "organization_line"),
        ),
        "locale": reader.read("locale", lambda: _language(typed.locale)),
        "thanks": reader.read("thanks", lambda: short_text(typed.thanks, "thanks", LONGEST_THANKS)),
        "wall_shown": typed.wall_shown,
        "figures_hidden": typed.figures_hidden,
        "figures_from_percent": reader.read(
            "figures_from_percent", lambda: _share(typed.figures_from_percent)
        )
        if typed.figures_hidden
        else None,
    }
    reader.check()
    return values


def _language(text: str) -> str:
    if text not in known_languages():
        raise FieldsInvalid({"locale": "Choose one of the languages."})
    return text


def known_languages() -> tuple[str, ...]:
    """The languages that pages speak, as HTML's `lang` has them."""
    return tuple(name.replace("_", "-") for name in languages())


def short_text(text: str, name: str, longest: int) -> str:
    """Markdown that may be empty."""
    lines = form_parsing.clean_markdown(text)
    if len(lines) > longest:
        raise FieldsInvalid({name: f"There is room for {longest:,} characters."})
    return lines


def _share(text: str) -> int | None:
    digits = text.strip().removesuffix("%").strip()
    if not digits:
        return None
    share = digits.lstrip("0") if digits.isascii() and digits.isdigit() else ""
    if not (share and len(share) <= 3 and int(share) <= 100):
        raise FieldsInvalid(
            {"figures_from_percent": "Write a share of the goal from 1 to 100, or nothing."}
        )
    return int(share)
