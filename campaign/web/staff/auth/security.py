"""What Flask-Security does for us: passwords (Argon2), authenticator apps (TOTP), recovery codes.

It lives in an application of its own, which serves nothing: its hooks would run at every request of the public pages,
and its cookie cannot be listed or revoked. Sessions are rows instead (`auth.sessions`), links and pages ours.
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
"""Seconds that a phone's clock may be off, either way."""

Found = TypeVar("Found")


@dataclass
class NewAuthenticator:
    """Stands for a member while an app is being set up: no code was taken yet."""

    tf_totp_counter: int | None = None


class SingleUseTotp(Totp):
    """Remembers the last code that was taken, so that one seen over a shoulder is of no use."""

    def get_last_counter(self, user: Any) -> int | None:
        return cast("int | None", user.tf_totp_counter)

    def set_last_counter(self, user: Any, tmatch: TotpMatch) -> None:
        user.tf_totp_counter = tmatch.counter

    def generate_qrcode(self, username: str, totp: str) -> str:
        """With a light ground of its own: a camera needs one on dark pages too."""
        picture = segno.make(self.get_totp_uri(username, totp), error="m")
        return str(picture.svg_data_uri(scale=4, border=4, dark="#000", light="#fff"))


class PasswordPolicy(PasswordUtil):
    """Length and spelling as Flask-Security has them; what is too common by our own list."""

    def validate(
        self,
        password: str,
        is_register: bool,  # noqa: FBT001, ARG002 - Flask-Security's signature
        **kwargs: Any,
    ) -> tuple[list[str] | None, str]:
        """(faults or None, the password as it is hashed). `about`: words that are easy to guess."""
        spelled = self.normalize(password)
        fault = password_fault(spelled, kwargs.get("about", ()))
        return ([fault] if fault else None), spelled


class ExternalDatastore(Datastore, UserDatastore):
    """Flask-Security changes attributes of a row; whose session it is in flushes and commits."""

    def __init__(self) -> None:
        # Its mixins would bring Flask into the models; what it needs of them are the columns.
        UserDatastore.__init__(self, cast("Any", StaffMember), cast("Any", None))

    def put(self, model: Any) -> Any:
        return model


def prepare(app: Flask, settings: Settings) -> None:
    """Make the locks of `app`'s staff's room."""
    inner = Flask("campaign.staff", static_folder=None)
    inner.config.update(
        SECRET_KEY=settings.secret_key,
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the algorithm's name
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH=["argon2"],
        SECURITY_PASSWORD_LENGTH_MIN=SHORTEST,
        # The composed form: as many characters as are seen.
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
    """A key of 256 bits for one purpose."""
    return hmac.new(secret_key.encode(), f"staff: {purpose}".encode(), hashlib.sha256).digest()


def _inside(call: Callable[[Security], Found]) -> Found:
    inner = cast("Flask", current_app.extensions[_EXTENSION])
    with inner.app_context():
        return call(cast("Security", inner.extensions["security"]))


def password_faults(password: str, about: tuple[str, ...]) -> list[str]:
    """What is wrong with a password that somebody wants; empty if nothing is."""
    faults, _ = _inside(
        lambda found: found.password_util.validate(password, is_register=False, about=about)
    )
    return faults or []


@cache
def _nobodys_hash() -> str:
    """What is compared where there is nothing to compare with."""
    return argon2_of(secrets.token_hex())


def hash_password(password: str) -> str:
    """What is kept of a password."""
    return _inside(lambda found: argon2_of(found.password_util.normalize(password)))


def verify_password(member: StaffMember | None, password: str) -> bool:
    """Whether it is theirs; takes as long for nobody, or somebody without one. A hash of an older kind is renewed."""
    nobody = StaffMember(password=_inside(lambda _found: _nobodys_hash()))
    known = member if member is not None and member.active and member.password else nobody

    def verified(found: Security) -> bool:
        if len(password) > 4 * LONGEST:
            return False
        return bool(
            verify_and_update_password(found.password_util.normalize(password), cast("Any", known))
        )

    return _inside(verified) and known is member


def new_authenticator_secret() -> str:
    """The secret of a new app, encrypted."""
    return _inside(lambda found: found.totp_factory.generate_totp_secret())


@dataclass(frozen=True)
class AuthenticatorSetup:
    """What an app is told: a picture to scan (a `data:` address), or a key to type."""

    image: str
    key: str


def authenticator_setup(secret: str, member: StaffMember) -> AuthenticatorSetup:
    """How `member` puts `secret` into an app."""

    def described(found: Security) -> AuthenticatorSetup:
        totp = found.totp_factory
        return AuthenticatorSetup(
            totp.generate_qrcode(member.email, secret), totp.get_totp_pretty_key(secret)
        )

    return _inside(described)


def verify_code(code: str, secret: str, member: StaffMember | NewAuthenticator) -> bool:
    """Whether an app with `secret` shows `code` now, and it was not taken before; keeps that it was."""
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
    """New recovery codes for `member`, in place of the old ones; the only time that they are told."""
    return _inside(lambda found: list(_codes_of(found).create_recovery_codes(cast("Any", member))))


def use_recovery_code(member: StaffMember, code: str) -> bool:
    """Whether `code` is one of theirs; it is not any longer."""
    plain = "-".join(code.lower().replace("-", " ").split())

    def used(found: Security) -> bool:
        codes, user = _codes_of(found), cast("Any", member)
        return codes.check_recovery_code(user, plain) and codes.delete_recovery_code(user, plain)

    return bool(member.mf_recovery_codes) and bool(_inside(used))
