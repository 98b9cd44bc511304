"""The settings for staff sign-in."""

import pytest

from campaign.core.env_reader import Variables
from campaign.core.errors import ConfigurationError
from campaign.core.settings import OidcSettings, StaffSettings, read_staff

PROVIDER = {
    "OIDC_ISSUER": "https://login.example.org/",
    "OIDC_CLIENT_ID": "campaign",
    "OIDC_CLIENT_SECRET": "hush",
}


def test_nothing_is_needed_and_a_provider_is_all_or_nothing() -> None:
    assert read_staff(Variables({}), livemode=False) == StaffSettings()
    found = read_staff(Variables(PROVIDER | {"STAFF_SECOND_FACTOR": "required"}), livemode=False)
    assert found.second_factor_required
    assert found.oidc == OidcSettings("https://login.example.org", "campaign", "hush")
    assert "hush" not in repr(found)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"STAFF_SECOND_FACTOR": "yes"}, "STAFF_SECOND_FACTOR"),
        (PROVIDER | {"OIDC_CLIENT_SECRET": ""}, "OIDC_CLIENT_SECRET: is missing"),
        (PROVIDER | {"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID: is missing"),
        (PROVIDER | {"OIDC_ISSUER": ""}, "OIDC_ISSUER: is missing"),
        (PROVIDER | {"OIDC_ISSUER": "http://127.0.0.2"}, "are encrypted"),
        (PROVIDER | {"OIDC_ISSUER": "http://localhost.example.org"}, "are encrypted"),
        ({"OIDC_CLIENT_ID": "campaign"}, "OIDC_ISSUER"),
        (PROVIDER | {"OIDC_ISSUER": "http://login.example.org"}, "are encrypted"),
        (PROVIDER | {"OIDC_ISSUER": "login.example.org"}, "must begin with"),
    ],
)
def test_a_fault_is_named(environ: dict[str, str], named: str) -> None:
    reader = Variables(environ)
    read_staff(reader, livemode=False)
    with pytest.raises(ConfigurationError, match=named):
        reader.raise_faults()


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9000", "http://localhost:9000/"])
def test_a_provider_on_this_machine_needs_no_encryption(issuer: str) -> None:
    reader = Variables(PROVIDER | {"OIDC_ISSUER": issuer})
    found = read_staff(reader, livemode=False)
    reader.raise_faults()
    assert found.oidc is not None
    assert found.oidc.issuer == issuer.rstrip("/")


@pytest.mark.parametrize(
    ("value", "needed"), [("optional", False), ("required", True), ("", False)]
)
def test_a_second_factor_is_optional_unless_required(value: str, needed: bool) -> None:
    reader = Variables({"STAFF_SECOND_FACTOR": value})
    assert read_staff(reader, livemode=False).second_factor_required is needed
    reader.raise_faults()
