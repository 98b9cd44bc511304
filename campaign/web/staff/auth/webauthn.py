"""Create WebAuthn options and verify the browser's responses. https://www.w3.org/TR/webauthn-3/

A passkey is bound to the host name of the page, so no other site can use it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import request
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from campaign.core.errors import StaffRefused
from campaign.core.outside_text import read_our_url
from campaign.models import StaffMember, StaffPasskey
from campaign.staff.passkeys import NewPasskey, user_handle
from campaign.web.context import installation

Json = dict[str, Any]
_BROKEN = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class Ceremony:
    """The `options` for the browser, and the `challenge` to store until its response arrives."""

    options: Json
    challenge: str


def ask_to_register(member: StaffMember, known: Iterable[StaffPasskey]) -> Ceremony:
    """Return the options for creating a passkey, on a device that has none of `known`."""
    made = generate_registration_options(
        rp_id=_host(),
        rp_name=installation().settings.organization.name,
        user_id=user_handle(member),
        user_name=member.email,
        user_display_name=member.name or member.email,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=_described(known),
    )
    return Ceremony(json.loads(options_to_json(made)), bytes_to_base64url(made.challenge))


def read_registration(answer: Json, challenge: str) -> NewPasskey:
    """Verify the response and return the new passkey; raises StaffRefused."""
    try:
        found = verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_host(),
            expected_origin=_origin(),
        )
        transports = [str(one) for one in answer["response"].get("transports") or ()]
    except _BROKEN as error:
        raise StaffRefused("The passkey could not be verified. Please try again.") from error
    known = {one.value for one in AuthenticatorTransport}
    return NewPasskey(
        credential_id=found.credential_id,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        transports=[one for one in transports if one in known],
        device_type=found.credential_device_type.value,
        synced=found.credential_backed_up,
    )


def ask_to_sign_in(known: Iterable[StaffPasskey] | None) -> Ceremony:
    """Return the options for a sign-in: with one of `known`, or, for None, any passkey that verifies its user."""
    made = generate_authentication_options(
        rp_id=_host(),
        allow_credentials=_described(known) if known is not None else None,
        user_verification=UserVerificationRequirement.REQUIRED
        if known is None
        else UserVerificationRequirement.DISCOURAGED,
    )
    return Ceremony(json.loads(options_to_json(made)), bytes_to_base64url(made.challenge))


def credential_id(answer: Json) -> bytes:
    """Return the id of the passkey that responded; raises StaffRefused."""
    try:
        return base64url_to_bytes(answer["rawId"])
    except _BROKEN as error:
        raise StaffRefused("The passkey's response could not be read. Please try again.") from error


def check_sign_in(answer: Json, challenge: str, passkey: StaffPasskey, *, alone: bool) -> int:
    """Verify the response and return the passkey's new use count; raises StaffRefused.

    `alone`: it is the only factor, so the device must have verified the user.
    """
    try:
        found = verify_authentication_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_host(),
            expected_origin=_origin(),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=alone,
        )
    except _BROKEN as error:
        raise StaffRefused("The passkey could not be verified. Please try again.") from error
    return found.new_sign_count


def _described(known: Iterable[StaffPasskey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=one.credential_id,
            transports=[AuthenticatorTransport(each) for each in one.transports or ()] or None,
        )
        for one in known
    ]


def _host() -> str:
    return read_our_url(f"//{request.host}").hostname or ""


def _origin() -> str:
    """Use the scheme of SITE_URL: behind a proxy that TRUSTED_PROXIES does not count, the request may be plain HTTP."""
    return f"{read_our_url(installation().settings.site_url).scheme}://{request.host}"
