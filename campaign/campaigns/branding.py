"""How the house looks: read for pages, once for many. What staff change is in `campaigns.branding_edit`."""

from dataclasses import dataclass

from sqlalchemy.orm import Session, undefer

from campaign.models import Branding

ROW_ID = 1
"""The number of the only row."""


@dataclass(frozen=True)
class BrandingValues:
    """The look for pages. `accents` are the light and the dark one; None where the house has chosen none."""

    accents: tuple[str, str] | None = None
    logo_digest: str = ""
    logo_alt: str = ""
    masthead: str = ""
    footer: str = ""
    wall_by_default: bool = False


@dataclass(frozen=True)
class Logo:
    """The picture: its bytes and its media type, as `logos.detect_image_type` tells it."""

    body: bytes
    type: str


def read_branding(session: Session) -> BrandingValues:
    """The look; that which it comes with, where nobody has chosen."""
    house = session.get(Branding, ROW_ID)
    if house is None:
        return BrandingValues()
    return BrandingValues(
        accents=accent_pair(house.accent_light, house.accent_dark),
        logo_digest=house.logo_digest or "",
        logo_alt=house.logo_alt,
        masthead=house.masthead,
        footer=house.footer,
        wall_by_default=house.wall_by_default,
    )


def read_logo(session: Session, digest: str) -> Logo | None:
    """The logo if `digest` names the present one."""
    house = session.get(Branding, ROW_ID, options=[undefer(Branding.logo)])
    if house is None or house.logo is None or house.logo_digest != digest:
        return None
    return Logo(house.logo, house.logo_type or "")


def accent_pair(light: str | None, dark: str | None) -> tuple[str, str] | None:
    """Two columns as one choice."""
    return (light, dark) if light and dark else None
