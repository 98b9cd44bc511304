"""The house's look, as staff change it: its accents, logo and words; each change in the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, undefer

from campaign.audit import audit_log
from campaign.audit.audit_log import Actor, Subject
from campaign.campaigns import form_parsing, logos
from campaign.campaigns.branding import ROW_ID
from campaign.campaigns.colors import parse_accents
from campaign.campaigns.donor_wall import notify_all_pages
from campaign.campaigns.form_parsing import FieldReader
from campaign.core.errors import FieldsInvalid
from campaign.models import Branding

LONGEST_MASTHEAD = 80
LONGEST_FOOTER = 400
LONGEST_ALT = 120


@dataclass(frozen=True)
class BrandingFields:
    """The form as typed. `logo` is a new picture; empty keeps the present one, unless `without_logo`."""

    accent_light: str = ""
    accent_dark: str = ""
    logo: bytes = b""
    logo_alt: str = ""
    without_logo: bool = False
    masthead: str = ""
    footer: str = ""
    wall_by_default: bool = False


def edit_branding(session: Session, typed: BrandingFields, actor: Actor, at: datetime) -> list[str]:
    """Keep what was typed; the names of what changed. Raises FieldsInvalid with each fault by its field."""
    session.execute(insert(Branding).values(id=ROW_ID).on_conflict_do_nothing())
    house = session.get_one(
        Branding,
        ROW_ID,
        options=[undefer(Branding.logo)],
        with_for_update=True,
        populate_existing=True,
    )
    values = _read(house, typed)
    changed = [name for name, value in values.items() if value != getattr(house, name)]
    if not changed:
        return []
    before = {name: getattr(house, name) for name in changed}
    for name in changed:
        setattr(house, name, values[name])
    house.changed_at = at
    session.flush()
    audit_log.record(
        session,
        actor,
        "branding.edited",
        Subject("branding", "settings"),
        before=_told(before),
        after=_told({name: values[name] for name in changed}),
    )
    notify_all_pages(session)
    return [name for name in changed if name not in {"logo_type", "logo_digest"}]


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without the picture itself, which its digest names."""
    return {name: value for name, value in values.items() if name != "logo"}


def _read(house: Branding, typed: BrandingFields) -> dict[str, Any]:
    reader = FieldReader()
    accents = read_accent_fields(reader, typed.accent_light, typed.accent_dark)
    values: dict[str, Any] = {
        "accent_light": accents[0],
        "accent_dark": accents[1],
        "masthead": reader.read(
            "masthead", lambda: short_line(typed.masthead, LONGEST_MASTHEAD, "masthead")
        ),
        "footer": reader.read("footer", lambda: short_line(typed.footer, LONGEST_FOOTER, "footer")),
        "wall_by_default": typed.wall_by_default,
        **_logo(reader, house, typed),
    }
    reader.check()
    return values


def read_accent_fields(reader: FieldReader, light: str, dark: str) -> tuple[str | None, str | None]:
    """Both accents, or neither; faults are kept by the fields `accent_light` and `accent_dark`."""
    try:
        return parse_accents(light, dark) or (None, None)
    except FieldsInvalid as error:
        reader.faults.update(error.faults)
        return None, None


def short_line(text: str, longest: int, name: str) -> str:
    """A text of one line, which may be empty."""
    if not text.strip():
        return ""
    try:
        return form_parsing.one_line(text, longest, name)
    except FieldsInvalid as error:
        raise FieldsInvalid({name: str(error)}) from None


def _logo(reader: FieldReader, house: Branding, typed: BrandingFields) -> dict[str, Any]:
    alt = reader.read("logo_alt", lambda: short_line(typed.logo_alt, LONGEST_ALT, "logo_alt")) or ""
    if typed.without_logo and not typed.logo:
        return {"logo": None, "logo_type": None, "logo_digest": None, "logo_alt": ""}
    found = {
        "logo": house.logo,
        "logo_type": house.logo_type,
        "logo_digest": house.logo_digest,
    }
    if typed.logo:
        kind = reader.read("logo", lambda: logos.detect_image_type(typed.logo))
        found = {
            "logo": typed.logo,
            "logo_type": kind,
            "logo_digest": logos.image_digest(typed.logo),
        }
    reader.require(
        "logo_alt",
        not found["logo"] or bool(alt),
        "Say in words what the logo shows, usually the name: for those who do not see it.",
    )
    return {**found, "logo_alt": alt if found["logo"] else ""}
