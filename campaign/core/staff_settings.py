"""How staff sign in, as the environment decides it. Read by `campaign.core.settings` only."""

from dataclasses import dataclass, field

from campaign.core.env_reader import Variables

_OPTIONAL, _REQUIRED = "optional", "required"


@dataclass(frozen=True)
class OidcSettings:
    """The house's own identity provider (OpenID Connect): its address, and what it knows us by."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class StaffSettings:
    """`second_factor_required`: whoever may more than look must set one up. `oidc`: None where there is no provider."""

    second_factor_required: bool = False
    oidc: OidcSettings | None = None


def read_staff(reader: Variables) -> StaffSettings:
    """The settings; faults are remembered by `reader`."""
    wanted = reader.optional("STAFF_SECOND_FACTOR") or _OPTIONAL
    if wanted not in {_OPTIONAL, _REQUIRED}:
        reader.fault("STAFF_SECOND_FACTOR", f"{wanted!r} is neither {_OPTIONAL} nor {_REQUIRED}")
    return StaffSettings(second_factor_required=wanted == _REQUIRED, oidc=_oidc(reader))


def _oidc(reader: Variables) -> OidcSettings | None:
    names = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
    given = {name: reader.optional(name) or "" for name in names}
    if not any(given.values()):
        return None
    for name, value in given.items():
        if not value:
            reader.fault(
                name, "is missing; a provider needs OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET"
            )
    issuer = given["OIDC_ISSUER"].rstrip("/")
    parts = reader.address("OIDC_ISSUER", issuer, {"https", "http"})
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost"}:
        reader.fault("OIDC_ISSUER", "must begin with https://; who signs in would be told in clear")
    return OidcSettings(issuer, given["OIDC_CLIENT_ID"], given["OIDC_CLIENT_SECRET"])
