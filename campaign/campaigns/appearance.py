"""How staff choose to show a campaign: accent, organization line, donor wall, thanks, and hidden figures."""

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
    """The form as typed. `figures_from_percent` is '' to hide figures until the end, or until staff show them."""

    accent_light: str = ""
    accent_dark: str = ""
    organization_line: str = ""
    locale: str = "en"
    thanks: str = ""
    wall_shown: bool = False
    figures_hidden: bool = False
    figures_from_percent: str = ""


def appearance_of(campaign: Campaign) -> AppearanceFields:
    """Return the form's initial values for a campaign."""
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
    """Save the form and return the names of the changed fields. Raises FieldsInvalid with each error by field.

    The result is always public: once the campaign has ended, nothing is hidden, whatever was chosen here. The lock on
    the row does not block gifts.
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
        raise FieldsInvalid({"locale": "Choose a language from the list."})
    return text


def known_languages() -> tuple[str, ...]:
    """List the languages that pages are available in, as HTML `lang` values."""
    return tuple(name.replace("_", "-") for name in languages())


def short_text(text: str, name: str, longest: int) -> str:
    """Parse optional Markdown of at most `longest` characters."""
    lines = form_parsing.clean_markdown(text)
    if len(lines) > longest:
        raise FieldsInvalid({name: f"Enter at most {longest:,} characters."})
    return lines


def _share(text: str) -> int | None:
    digits = text.strip().removesuffix("%").strip()
    if not digits:
        return None
    share = digits.lstrip("0") if digits.isascii() and digits.isdigit() else ""
    if not (share and len(share) <= 3 and int(share) <= 100):
        raise FieldsInvalid(
            {
                "figures_from_percent": "Enter a percentage of the goal from 1 to 100, or leave this empty."
            }
        )
    return int(share)
