"""Password rules (NIST SP 800-63B, 3.1.1): long passwords of any characters, except those that attackers try first.

The web layer hashes passwords; `set_password` receives only the hash.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from importlib.resources import files
from itertools import pairwise

from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, record
from campaign.auth.policies import STAFF
from campaign.auth.sessions import revoke_access
from campaign.models import StaffMember
from campaign.staff.members import subject

SHORTEST = 12
LONGEST = 128
"""Longer passwords are rejected, never cut."""
_FEWEST_DIFFERENT = 5
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_BETWEEN = re.compile(r"[\x00-@\[-`{-\x7f]+")
"""ASCII digits and punctuation."""
_DISGUISES = str.maketrans("013457@$!|+", "oleastasiit")


@cache
def common_words() -> frozenset[str]:
    """Return the words that common passwords are made of, in lower case."""
    listed = files("campaign.staff").joinpath("common_words.txt").read_text("utf-8")
    return frozenset(line for line in listed.split() if line)


def password_fault(password: str, about: Iterable[str]) -> str | None:
    """Return what is wrong with `password`, or None. `about`: names and emails that an attacker would try first."""
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters. A few words that only you would combine work well."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters."
    if password.isdecimal():
        return "Do not use only digits; attackers try those first. Add words or letters."
    if len(set(password.lower())) < _FEWEST_DIFFERENT or _is_a_row(password.lower()):
        return "Avoid repeated or consecutive characters; attackers try those first."
    if _is_made_of(password.lower(), common_words() | _own_words(about)):
        return "Avoid words that attackers try first. Combine words that nobody would expect."
    return None


def _is_a_row(password: str) -> bool:
    """Return whether most characters repeat the last one or adjoin it on the keyboard or in the alphabet."""
    steps = list(pairwise(password))
    rows = [*_ROWS, *(row[::-1] for row in _ROWS)]
    usual = sum(a == b or any(a + b in row for row in rows) for a, b in steps)
    return usual * 4 >= len(steps) * 3


def _own_words(about: Iterable[str]) -> set[str]:
    """Return each word of `about`, and each whole text as one word."""
    texts = [text.lower() for text in about]
    parts = {part for text in texts for part in re.split(r"[\W\d_]+", text) if len(part) > 2}
    return parts | {_letters(text) for text in texts}


def _letters(text: str) -> str:
    return _BETWEEN.sub("", text)


def _is_made_of(password: str, words: frozenset[str]) -> bool:
    """Return whether words of the list cover nearly all of it, ignoring digits and signs or reading them as letters."""
    # A digit at either end is a year or a number; within a word it replaces a letter.
    core = re.sub(f"^{_BETWEEN.pattern}|{_BETWEEN.pattern}$", "", password)
    plain, undisguised = _letters(core), _letters(core.translate(_DISGUISES))
    return any(_uncovered(text, words) <= 1 for text in (plain, undisguised))


def _uncovered(text: str, words: frozenset[str]) -> int:
    """Return the fewest letters of `text` left over when at most three of `words` are taken out."""
    if len(text) <= 1:
        return len(text)
    longest = max(map(len, words))
    # fewest[end][used]: letters of text[:end] left over with that many words.
    fewest = [[0, 0, 0, 0]]
    for end in range(1, len(text) + 1):
        row = [left + 1 for left in fewest[end - 1]]
        for start in range(max(0, end - longest), end):
            if text[start:end] in words:
                for used in range(1, 4):
                    row[used] = min(row[used], fewest[start][used - 1])
        fewest.append(row)
    return min(fewest[-1])


def set_password(
    session: Session,
    member: StaffMember,
    password_hash: str,
    actor: Actor,
    at: datetime,
    *,
    session_id: int | None,
) -> None:
    """Save the hash of a new password. End every other session of `member` and revoke their unused links."""
    had = member.password is not None
    member.password = password_hash
    revoke_access(session, STAFF, member, at, but=session_id)
    record(session, actor, "staff.password_changed", subject(member), before={"had_password": had})
