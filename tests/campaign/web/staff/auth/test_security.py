"""Passwords, authenticator apps and recovery codes: what is valid, once, and how they are stored."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from passlib.totp import TOTP

from campaign.core.clock import now
from campaign.models import StaffMember
from campaign.staff.passwords import LONGEST, SHORTEST
from campaign.web.staff.auth.security import (
    RECOVERY_CODES,
    NewAuthenticator,
    authenticator_setup,
    hash_password,
    new_authenticator_secret,
    new_recovery_codes,
    password_faults,
    use_recovery_code,
    verify_code,
    verify_password,
)

WORDS = "tapir umbrella kilowatt"


@pytest.fixture(autouse=True)
def _inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def member(**changes: object) -> StaffMember:
    return StaffMember(**{"email": "ana@example.org", "active": True, **changes})


def test_a_password_is_valid_only_for_its_active_member() -> None:
    kept = hash_password(WORDS)
    assert kept.startswith("$argon2id$")
    assert hash_password(WORDS) != kept
    assert verify_password(member(password=kept), WORDS)
    assert not verify_password(member(password=kept), WORDS.upper())
    assert not verify_password(member(password=kept, active=False), WORDS)
    assert not verify_password(member(password=None), WORDS)
    assert not verify_password(None, WORDS)


def test_passwords_are_compared_after_unicode_normalization() -> None:
    kept = hash_password("zählt Ähren ½ ﬁn")
    assert verify_password(member(password=kept), "za\u0308hlt A\u0308hren 1⁄2 fin")


def test_length_counts_visible_characters() -> None:
    short, long = "zähltÄhrenix"[:SHORTEST], (WORDS * 9)[:LONGEST]
    assert password_faults(short, ()) == []
    assert password_faults(short.replace("ä", "a\u0308")[:-1], ()) != []
    assert password_faults(long, ()) == []
    assert len(password_faults(long + "x", ())) == 1
    assert not verify_password(member(password=hash_password(WORDS)), WORDS + " " * 4 * LONGEST)


def test_words_about_the_member_are_rejected() -> None:
    about = ("hortensia@example.org", "Hortensia Quill", "The Harbor Ledger")
    assert password_faults("HortensiaQuill1", about) != []
    assert password_faults("HortensiaQuill1", ()) == []


def shown(secret: str, moved: timedelta = timedelta()) -> str:
    """Return the code that an app with `secret` shows if its clock is off by so many seconds."""
    key = authenticator_setup(secret, member()).key
    totp = TOTP(key=key.replace("-", "").replace(" ", ""))
    return str(totp.generate(time=(now() + moved).timestamp()).token)


def test_a_code_works_once_and_earlier_codes_no_longer_work() -> None:
    secret, pending = new_authenticator_secret(), NewAuthenticator()
    with time_machine.travel(now().replace(second=15), tick=False):
        before, code = shown(secret, -timedelta(seconds=30)), shown(secret)
        assert verify_code(code, secret, pending)
        assert not verify_code(code, secret, pending)
        assert not verify_code(before, secret, pending)
        assert verify_code(code, secret, NewAuthenticator())


@pytest.mark.parametrize(("off", "fits"), [(-30, True), (30, True), (-90, False), (90, False)])
def test_a_phones_clock_may_be_off_by_half_a_minute(off: int, *, fits: bool) -> None:
    secret = new_authenticator_secret()
    with time_machine.travel(now().replace(second=15), tick=False):
        assert (
            verify_code(shown(secret, timedelta(seconds=off)), secret, NewAuthenticator()) is fits
        )


def test_a_code_is_six_digits_however_they_are_spaced() -> None:
    secret = new_authenticator_secret()
    with time_machine.travel(now().replace(second=15), tick=False):
        code = shown(secret)
        assert verify_code(f" {code[:3]} {code[3:]}\n", secret, NewAuthenticator())
        wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
        for wrong in (wide, code[:5], code + "0", "", "abcdef", "²" * 6):
            assert not verify_code(wrong, secret, NewAuthenticator()), wrong


def test_an_apps_secret_is_encrypted_and_its_picture_is_one() -> None:
    secret = new_authenticator_secret()
    setup = authenticator_setup(secret, member())
    assert setup.image.startswith("data:image/svg+xml")
    assert setup.key.replace("-", "").replace(" ", "") not in secret
    assert new_authenticator_secret() != secret


def test_a_recovery_code_is_used_once_in_any_spelling_and_kept_unreadable() -> None:
    ana = member()
    assert not use_recovery_code(ana, "")
    codes = new_recovery_codes(ana)
    assert len(set(codes)) == RECOVERY_CODES
    assert not set(codes) & set(ana.mf_recovery_codes or ())
    assert use_recovery_code(ana, f" {codes[3].upper().replace('-', ' ')} ")
    assert not use_recovery_code(ana, codes[3])
    assert len(ana.mf_recovery_codes or ()) == RECOVERY_CODES - 1
    assert not use_recovery_code(member(), codes[0])
    again = new_recovery_codes(ana)
    assert not use_recovery_code(ana, codes[0])
    assert use_recovery_code(ana, again[0])
