"""Change the organization's branding: accents, logo and texts. Every change is in the audit log."""

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
    """The form as typed. `logo` is a new image; if it is empty, the current one stays, unless `without_logo`."""

    accent_light: str = ""
    accent_dark: str = ""
    logo: bytes = b""
    logo_alt: str = ""
    without_logo: bool = False
    masthead: str = ""
    footer: str = ""
    wall_by_default: bool = False


def edit_branding(session: Session, typed: BrandingFields, actor: Actor, at: datetime) -> list[str]:
    """Save the form and return the names of the changed fields. Raises FieldsInvalid with each error by field."""
    session.execute(insert(Branding).values(id=ROW_ID).on_conflict_do_nothing())
    row = session.get_one(
        Branding,
        ROW_ID,
        options=[undefer(Branding.logo)],
        with_for_update=True,
        populate_existing=True,
    )
    values = _read(row, typed)
    changed = [name for name, value in values.items() if value != getattr(row, name)]
    if not changed:
        return []
    before = {name: getattr(row, name) for name in changed}
    for name in changed:
        setattr(row, name, values[name])
    row.changed_at = at
    session.flush()
    audit_log.record(
        session,
        actor,
        "branding.edited",
        Subject("branding", "settings"),
        before=_without_image(before),
        after=_without_image({name: values[name] for name in changed}),
    )
    notify_all_pages(session)
    return [name for name in changed if name not in {"logo_type", "logo_digest"}]


def _without_image(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values for the audit log, without the image itself; its digest identifies it."""
    return {name: value for name, value in values.items() if name != "logo"}


def _read(row: Branding, typed: BrandingFields) -> dict[str, Any]:
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
        **_logo(reader, row, typed),
    }
    reader.check()
    return values


def read_accent_fields(reader: FieldReader, light: str, dark: str) -> tuple[str | None, str | None]:
    """Return both accents or neither; errors go to the fields `accent_light` and `accent_dark`."""
    try:
        return parse_accents(light, dark) or (None, None)
    except FieldsInvalid as error:
        reader.faults.update(error.faults)
        return None, None


def short_line(text: str, longest: int, name: str) -> str:
    """Parse an optional text of one line."""
    if not text.strip():
        return ""
    try:
        return form_parsing.one_line(text, longest, name)
    except FieldsInvalid as error:
        raise FieldsInvalid({name: str(error)}) from None


def _logo(reader: FieldReader, row: Branding, typed: BrandingFields) -> dict[str, Any]:
    alt = reader.read("logo_alt", lambda: short_line(typed.logo_alt, LONGEST_ALT, "logo_alt")) or ""
    if typed.without_logo and not typed.logo:
        return {"logo": None, "logo_type": None, "logo_digest": None, "logo_alt": ""}
    found = {
        "logo": row.logo,
        "logo_type": row.logo_type,
        "logo_digest": row.logo_digest,
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
        "Describe the logo for people who cannot see it. Usually this is the organization’s name.",
    )
    return {**found, "logo_alt": alt if found["logo"] else ""}
