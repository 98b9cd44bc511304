"""WebAuthn: the options for the browser, and which responses are valid."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from campaign.core.errors import StaffRefused
from campaign.models import StaffMember, StaffPasskey
from campaign.web.staff.auth.webauthn import (
    ask_to_register,
    ask_to_sign_in,
    check_sign_in,
    credential_id,
    read_registration,
)
from tests.support.passkey import SoftwarePasskey

ANA = StaffMember(email="ana@example.org", name="", fs_webauthn_user_handle="a" * 64)


@pytest.fixture(autouse=True)
def _asked(app: Flask) -> Iterator[None]:
    with app.test_request_context("/staff/sign-in/passkey", base_url="http://localhost"):
        yield


@pytest.fixture
def device() -> SoftwarePasskey:
    return SoftwarePasskey()


@pytest.fixture
def passkey(device: SoftwarePasskey) -> StaffPasskey:
    """The device's passkey as it is stored."""
    asked = ask_to_register(ANA, [])
    new = read_registration(device.register(asked.challenge), asked.challenge)
    return StaffPasskey(
        credential_id=new.credential_id,
        public_key=new.public_key,
        sign_count=new.sign_count,
        transports=new.transports,
    )


def test_options_name_this_site_and_exclude_known_passkeys(
    passkey: StaffPasskey,
) -> None:
    first, second = ask_to_register(ANA, [passkey]), ask_to_register(ANA, [])
    assert first.challenge != second.challenge
    options = first.options
    assert (options["rp"]["id"], options["rp"]["name"]) == ("localhost", "The Harbor Ledger")
    assert options["user"]["displayName"] == "ana@example.org"
    assert options["challenge"] == first.challenge
    assert [one["transports"] for one in options["excludeCredentials"]] == [["internal"]]
    assert second.options["excludeCredentials"] == []


def test_user_verification_is_required_only_without_another_factor(
    passkey: StaffPasskey,
) -> None:
    alone, second = ask_to_sign_in(None).options, ask_to_sign_in([passkey]).options
    assert (alone["userVerification"], alone["allowCredentials"]) == ("required", [])
    assert second["userVerification"] == "discouraged"
    assert len(second["allowCredentials"]) == 1


def test_unknown_transports_are_ignored(device: SoftwarePasskey) -> None:
    asked = ask_to_register(ANA, [])
    answer = device.register(asked.challenge, ("usb", "telepathy", "hybrid"))
    assert read_registration(answer, asked.challenge).transports == ["usb", "hybrid"]


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://localhost.evil.example"},
        {"origin": "http://localhost:8000"},
        {"origin": "https://localhost"},
        {"host": "evil.example"},
    ],
)
def test_a_response_for_another_site_is_rejected(
    device: SoftwarePasskey, passkey: StaffPasskey, changes: dict[str, str]
) -> None:
    other = replace(device, **changes)
    asked = ask_to_sign_in([passkey])
    with pytest.raises(StaffRefused):
        check_sign_in(other.sign_in(asked.challenge), asked.challenge, passkey, alone=False)
    with pytest.raises(StaffRefused):
        read_registration(other.register(asked.challenge), asked.challenge)


def test_a_response_is_valid_only_for_its_own_challenge(
    device: SoftwarePasskey, passkey: StaffPasskey
) -> None:
    asked, another = ask_to_sign_in([passkey]), ask_to_sign_in([passkey])
    answer = device.sign_in(asked.challenge)
    with pytest.raises(StaffRefused):
        check_sign_in(answer, another.challenge, passkey, alone=True)
    assert check_sign_in(answer, asked.challenge, passkey, alone=True) == 1


def test_without_user_verification_a_passkey_alone_does_not_sign_in(
    device: SoftwarePasskey, passkey: StaffPasskey
) -> None:
    device.verified = False
    challenge = ask_to_sign_in([passkey]).challenge
    answer = device.sign_in(challenge)
    with pytest.raises(StaffRefused):
        check_sign_in(answer, challenge, passkey, alone=True)
    assert check_sign_in(answer, challenge, passkey, alone=False) == 1


def test_a_copy_with_a_lower_use_count_is_rejected(
    device: SoftwarePasskey, passkey: StaffPasskey
) -> None:
    passkey.sign_count = 7
    challenge = ask_to_sign_in([passkey]).challenge
    for count, holds in ((5, False), (6, False), (7, True)):
        device.count = count
        answer = device.sign_in(challenge)
        if holds:
            assert check_sign_in(answer, challenge, passkey, alone=True) == 8
        else:
            with pytest.raises(StaffRefused):
                check_sign_in(answer, challenge, passkey, alone=True)


def test_a_signature_of_another_key_is_rejected(passkey: StaffPasskey) -> None:
    challenge = ask_to_sign_in([passkey]).challenge
    with pytest.raises(StaffRefused):
        check_sign_in(SoftwarePasskey().sign_in(challenge), challenge, passkey, alone=False)


GARBAGE: list[Any] = [{}, [], "x", {"rawId": "é"}]


def test_the_credential_id_is_read_or_rejected(device: SoftwarePasskey) -> None:
    assert credential_id(device.sign_in("eA")) == device.credential_id
    for broken in GARBAGE:
        with pytest.raises(StaffRefused):
            credential_id(broken)


def test_behind_a_proxy_the_scheme_of_the_site_url_is_used(
    app: Flask, device: SoftwarePasskey, passkey: StaffPasskey
) -> None:
    here = app.extensions["installation"]
    secure = replace(here.settings, site_url="https://give.example.org")
    app.extensions["installation"] = replace(here, settings=secure)
    inside = replace(device, host="give.example.org", origin="https://give.example.org")
    with app.test_request_context("/", base_url="http://give.example.org"):
        challenge = ask_to_sign_in([passkey]).challenge
        assert check_sign_in(inside.sign_in(challenge), challenge, passkey, alone=True) == 1
