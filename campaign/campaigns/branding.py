"""The organization's branding, as pages read it. Staff change it in `campaigns.branding_edit`."""

from dataclasses import dataclass

from sqlalchemy.orm import Session, undefer

from campaign.models import Branding

ROW_ID = 1
"""The id of the only row."""


@dataclass(frozen=True)
class BrandingValues:
    """The branding for pages. `accents` are the light and the dark color; None if the organization has not set any."""

    accents: tuple[str, str] | None = None
    logo_digest: str = ""
    logo_alt: str = ""
    masthead: str = ""
    footer: str = ""
    wall_by_default: bool = False


@dataclass(frozen=True)
class Logo:
    """The image: its bytes and its media type, as `logos.detect_image_type` returns it."""

    body: bytes
    type: str


def read_branding(session: Session) -> BrandingValues:
    """Return the branding, or the defaults if nobody has set it."""
    row = session.get(Branding, ROW_ID)
    if row is None:
        return BrandingValues()
    return BrandingValues(
        accents=accent_pair(row.accent_light, row.accent_dark),
        logo_digest=row.logo_digest or "",
        logo_alt=row.logo_alt,
        masthead=row.masthead,
        footer=row.footer,
        wall_by_default=row.wall_by_default,
    )


def read_logo(session: Session, digest: str) -> Logo | None:
    """Return the logo if `digest` is the current one's, else None."""
    row = session.get(Branding, ROW_ID, options=[undefer(Branding.logo)])
    if row is None or row.logo is None or row.logo_digest != digest:
        return None
    return Logo(row.logo, row.logo_type or "")


def accent_pair(light: str | None, dark: str | None) -> tuple[str, str] | None:
    """Return both colors as a pair, or None if either is missing."""
    return (light, dark) if light and dark else None
