"""The ceremonies of WebAuthn: what a browser is asked, and whether its answer holds. https://www.w3.org/TR/webauthn-3/

A passkey is bound to the name under which the page was opened, so that no other site can use it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

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
from campaign.models import StaffMember, StaffPasskey
from campaign.staff.passkeys import NewPasskey, user_handle
from campaign.web.context import installation

Json = dict[str, Any]
_BROKEN = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class Ceremony:
    """What the browser is given, and the challenge to be kept for its answer."""

    options: Json
    challenge: str


def ask_to_register(member: StaffMember, known: Iterable[StaffPasskey]) -> Ceremony:
    """The options of a new passkey, on a device that holds none of `known`."""
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
    """The new passkey; raises StaffRefused."""
    try:
        found = verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_host(),
            expected_origin=_origin(),
        )
        transports = [str(one) for one in answer["response"].get("transports") or ()]
    except _BROKEN as error:
        raise StaffRefused("The passkey's answer does not hold; please try again.") from error
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
    """The options of a sign-in: by any passkey of this site that checks who holds it, or by one of `known`."""
    made = generate_authentication_options(
        rp_id=_host(),
        allow_credentials=_described(known) if known is not None else None,
        user_verification=UserVerificationRequirement.REQUIRED
        if known is None
        else UserVerificationRequirement.DISCOURAGED,
    )
    return Ceremony(json.loads(options_to_json(made)), bytes_to_base64url(made.challenge))


def credential_id(answer: Json) -> bytes:
    """Which passkey answers; raises StaffRefused."""
    try:
        return base64url_to_bytes(answer["rawId"])
    except _BROKEN as error:
        raise StaffRefused("The passkey's answer cannot be read; please try again.") from error


def check_sign_in(answer: Json, challenge: str, passkey: StaffPasskey, *, alone: bool) -> int:
    """How often the passkey says it was used; raises StaffRefused. `alone`: it must have checked who holds it."""
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
        raise StaffRefused("The passkey's answer does not hold; please try again.") from error
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
    return urlsplit(f"//{request.host}").hostname or ""


def _origin() -> str:
    """Behind a proxy that is not named, our own side of the connection may be plain: the site's scheme counts."""
    return f"{urlsplit(installation().settings.site_url).scheme}://{request.host}"
