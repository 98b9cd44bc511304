"""Use Flask-Security for passwords (Argon2), authenticator apps (TOTP) and recovery codes.

It runs in a separate Flask application that serves no requests: its hooks would run at every request of the public
pages, and its session cookie cannot be listed or revoked. Our sessions are rows (`auth.sessions`), and links and pages
are our own.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

import segno
from flask import Flask, current_app
from flask_security import (
    MfRecoveryCodesUtil,
    PasswordUtil,
    Security,
    Totp,
    UserDatastore,
    verify_and_update_password,
)
from flask_security import hash_password as argon2_of
from flask_security.datastore import Datastore
from passlib.totp import TotpMatch

from campaign.core.settings import Settings
from campaign.models import StaffMember
from campaign.staff.passwords import LONGEST, SHORTEST, password_fault

RECOVERY_CODES = 10
_EXTENSION = "staff_security"
_CLOCK_ASKEW = 30
"""Seconds that a phone's clock may be fast or slow."""

Found = TypeVar("Found")


@dataclass
class NewAuthenticator:
    """Used in place of a member while an app is being set up: no code has been accepted yet."""

    tf_totp_counter: int | None = None


class SingleUseTotp(Totp):
    """Remember the last accepted code, so that a code someone watched you type is useless."""

    def get_last_counter(self, user: Any) -> int | None:
        return cast("int | None", user.tf_totp_counter)

    def set_last_counter(self, user: Any, tmatch: TotpMatch) -> None:
        user.tf_totp_counter = tmatch.counter

    def generate_qrcode(self, username: str, totp: str) -> str:
        """Return an SVG `data:` URI with a light background, which cameras need on dark pages too."""
        picture = segno.make(self.get_totp_uri(username, totp), error="m")
        return str(picture.svg_data_uri(scale=4, border=4, dark="#000", light="#fff"))


class PasswordPolicy(PasswordUtil):
    """Normalize passwords as Flask-Security does, and check length and common passwords by our own rules."""

    def validate(
        self,
        password: str,
        is_register: bool,  # noqa: FBT001, ARG002 - Flask-Security's signature
        **kwargs: Any,
    ) -> tuple[list[str] | None, str]:
        """Return (faults or None, the normalized password that is hashed). `about`: words that are easy to guess."""
        normalized = self.normalize(password)
        fault = password_fault(normalized, kwargs.get("about", ()))
        return ([fault] if fault else None), normalized


class ExternalDatastore(Datastore, UserDatastore):
    """Let Flask-Security change attributes of a row; the caller's session flushes and commits."""

    def __init__(self) -> None:
        # Its mixins would import Flask into the models; it only needs the columns.
        UserDatastore.__init__(self, cast("Any", StaffMember), cast("Any", None))

    def put(self, model: Any) -> Any:
        return model


def prepare(app: Flask, settings: Settings) -> None:
    """Set up Flask-Security for the staff pages of `app`."""
    inner = Flask("campaign.staff", static_folder=None)
    inner.config.update(
        SECRET_KEY=settings.secret_key,
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the algorithm's name
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH=["argon2"],
        SECURITY_PASSWORD_LENGTH_MIN=SHORTEST,
        # The composed form, so that the length is the number of visible characters.
        SECURITY_PASSWORD_NORMALIZE_FORM="NFKC",  # noqa: S106 - a form of Unicode
        SECURITY_TWO_FACTOR=True,
        SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator"],
        SECURITY_TOTP_SECRETS={"1": _derived(settings.secret_key, "totp").hex()},
        SECURITY_TOTP_ISSUER=settings.organization.name,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_N=RECOVERY_CODES,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS=[
            base64.urlsafe_b64encode(_derived(settings.secret_key, "recovery codes"))
        ],
    )
    Security(
        inner,
        ExternalDatastore(),
        register_blueprint=False,
        totp_cls=SingleUseTotp,
        password_util_cls=PasswordPolicy,
    )
    app.extensions[_EXTENSION] = inner


def _derived(secret_key: str, purpose: str) -> bytes:
    """Derive a 256-bit key for one purpose."""
    return hmac.new(secret_key.encode(), f"staff: {purpose}".encode(), hashlib.sha256).digest()


def _inside(call: Callable[[Security], Found]) -> Found:
    inner = cast("Flask", current_app.extensions[_EXTENSION])
    with inner.app_context():
        return call(cast("Security", inner.extensions["security"]))


def password_faults(password: str, about: tuple[str, ...]) -> list[str]:
    """Return what is wrong with a new password; empty if it is acceptable."""
    faults, _ = _inside(
        lambda found: found.password_util.validate(password, is_register=False, about=about)
    )
    return faults or []


@cache
def _decoy_hash() -> str:
    """Return a hash to compare with when there is no member or no password, so that timing reveals nothing."""
    return argon2_of(secrets.token_hex())


def hash_password(password: str) -> str:
    """Return the Argon2 hash of a password."""
    return _inside(lambda found: argon2_of(found.password_util.normalize(password)))


def verify_password(member: StaffMember | None, password: str) -> bool:
    """Return whether `password` is the member's. Takes as long for no member, or one without a password.

    Replaces a hash of an older kind.
    """
    decoy = StaffMember(password=_inside(lambda _found: _decoy_hash()))
    known = member if member is not None and member.active and member.password else decoy

    def verified(found: Security) -> bool:
        if len(password) > 4 * LONGEST:
            return False
        return bool(
            verify_and_update_password(found.password_util.normalize(password), cast("Any", known))
        )

    return _inside(verified) and known is member


def new_authenticator_secret() -> str:
    """Return an encrypted secret for a new authenticator app."""
    return _inside(lambda found: found.totp_factory.generate_totp_secret())


@dataclass(frozen=True)
class AuthenticatorSetup:
    """What an app needs: `image`, a QR code to scan (a `data:` URI), or `key` to type."""

    image: str
    key: str


def authenticator_setup(secret: str, member: StaffMember) -> AuthenticatorSetup:
    """Return what `member` needs to add `secret` to an app."""

    def described(found: Security) -> AuthenticatorSetup:
        totp = found.totp_factory
        return AuthenticatorSetup(
            totp.generate_qrcode(member.email, secret), totp.get_totp_pretty_key(secret)
        )

    return _inside(described)


def verify_code(code: str, secret: str, member: StaffMember | NewAuthenticator) -> bool:
    """Return whether `code` is the current code for `secret` and unused; records it as used in `member`."""
    plain = "".join(code.split())
    if not (plain.isascii() and plain.isdigit() and len(plain) == 6):
        return False
    return _inside(
        lambda found: bool(
            found.totp_factory.verify_totp(plain, secret, cast("Any", member), _CLOCK_ASKEW)
        )
    )


def _codes_of(found: Security) -> MfRecoveryCodesUtil:
    return found.mf_recovery_codes_util


def new_recovery_codes(member: StaffMember) -> list[str]:
    """Replace the recovery codes of `member`. Returns the new ones, which cannot be read again."""
    return _inside(lambda found: list(_codes_of(found).create_recovery_codes(cast("Any", member))))


def use_recovery_code(member: StaffMember, code: str) -> bool:
    """Use up `code`; returns False if it is not one of the member's recovery codes."""
    plain = "-".join(code.lower().replace("-", " ").split())

    def used(found: Security) -> bool:
        codes, user = _codes_of(found), cast("Any", member)
        return codes.check_recovery_code(user, plain) and codes.delete_recovery_code(user, plain)

    return bool(member.mf_recovery_codes) and bool(_inside(used))
