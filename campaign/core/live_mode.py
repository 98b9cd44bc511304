"""What a service that moves real money must not start with. `core.settings` lists the faults with all others.

A process that serves (web, worker, scheduler) refuses to start; a command works, and `campaign doctor` lists the same
faults, so that somebody who mends them can look around.
"""

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from campaign.core.outside_text import read_ip, read_our_url

if TYPE_CHECKING:
    from campaign.core.settings import Settings

STRIPE = "https://api.stripe.com"
_FEWEST_BITS = 80
"""Of a key of 32 random hexadecimal digits, the shortest that is usual, 120 are counted."""
_PIECE_BITS = 8
_SHORTEST_PIECE = 4
_SHORTEST_SIGNING_SECRET = 16

_ROWS = (
    *("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "0123456789abcdef"),
    *("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890-=", "!@#$%^&*()"),
    *("a1b2c3d4e5f6g7h8i9j0", "1a2b3c4d5e6f7g8h9i0j", "aabbccddeeffgghhii", "112233445566778899"),
)
_WORDS = (
    "changeme change-me change_me please replace secret supersecret secretkey password passphrase passw0rd letmein"
    " example default insecure unsafe generate random string characters character minimum least sample dummy"
    " development production staging testing sandbox localhost campaign donation donate newsroom harbor ledger"
    " flask django stripe admin administrator welcome iloveyou dragon monkey"
)
_KNOWN = "\n".join((*_ROWS, *(row[::-1] for row in _ROWS), *_WORDS.split()))
"""What is no surprise in a key: rows of the keyboard and the alphabet, and the words that people put there."""

_PAIRS = frozenset(
    re.findall(
        "..",
        "thheineranrendonenatouedhatooritishiesngstarntalteasseleveofmeeacodera"
        "roliriioicneecllmabetausotfosaunlaeltrsoomhosiurchceemeepeponowiwoaimodi",
    )
)
"""The commonest pairs of letters in English: two of three in a text, one of ten in random letters."""
_ENGLISH, _ENOUGH_PAIRS = 0.47, 16

_TEST_DATABASE = re.compile(
    r"(?:^|[^a-z])(?:tests?|testing|sandbox|demo|dev|development)(?:$|[^a-z])"
)
_TEST_SECRET = re.compile(r"test|sandbox|example|change|dummy|placeholder|your|xxx", re.IGNORECASE)


def live_faults(settings: "Settings") -> Iterator[tuple[str, str]]:
    """Yield the name of each setting that real gifts must not depend on, and what is wrong with it."""
    if fault := key_fault(settings.secret_key):
        yield "SECRET_KEY", f"{fault}; make one with `openssl rand -hex 32`"
    yield from _address_faults(settings)
    name = make_url(settings.database_url).database or ""
    if _TEST_DATABASE.search(name.lower()):
        yield "DATABASE_URL", f"names the database {name}, with a live Stripe key; use another one"
    for secret in settings.stripe_webhook_secrets:
        if fault := _signing_fault(secret.removeprefix("whsec_")):
            yield "STRIPE_WEBHOOK_SECRET", f"{fault}; copy it from Stripe's dashboard, Webhooks"
            break


def _address_faults(settings: "Settings") -> Iterator[tuple[str, str]]:
    site = read_our_url(settings.site_url)
    if site.scheme != "https":
        yield "SITE_URL", "must begin with https:// with a live Stripe key"
    address = read_ip(site.hostname or "")
    if site.hostname == "localhost" or (address is not None and not address.is_global):
        yield "SITE_URL", "is an address that donors cannot reach"
    if settings.stripe_api_base != STRIPE:
        yield "STRIPE_API_BASE", f"must be {STRIPE} with a live Stripe key; leave it out"
    stand_ins = {"SNS_BASE_URL": settings.mail.providers.sns_base_url}
    for name, value in stand_ins.items():
        if value:
            yield name, "replaces a provider's own address, which only tests do; leave it out"


def _signing_fault(secret: str) -> str:
    if _TEST_SECRET.search(secret):
        return "is one for tests"
    short = len(secret) < _SHORTEST_SIGNING_SECRET
    return "is too short or too regular to be Stripe's" if short or len(set(secret)) < 6 else ""


def key_fault(key: str) -> str:
    """Return why a secret can be guessed, or ''. Any 32 random characters are good, of whatever kind."""
    if surprise_bits(key) < _FEWEST_BITS:
        return "repeats itself, or is made of what anybody would try"
    return "is made of words, which can be guessed" if _is_english(key) else ""


def surprise_bits(key: str) -> float:
    """Estimate the bits that someone who guesses must find, as a compressor would count them.

    A piece of at least four characters that was there before, in the key or in `_KNOWN`, counts little.
    """
    text, seen = key.lower(), _KNOWN + "\n"
    at = fresh = pieces = 0
    while at < len(text):
        length = _known_length(text, at, seen + text[:at])
        pieces, fresh = (pieces + 1, fresh) if length else (pieces, fresh + 1)
        at += length or 1
    return fresh * math.log2(max(1, len(set(key)))) + pieces * _PIECE_BITS


def _known_length(text: str, at: int, seen: str) -> int:
    """Return the length of the longest piece at `at` that is in `seen`, 0 if it is shorter than four characters."""
    length = _SHORTEST_PIECE
    if len(text) - at < length or text[at : at + length] not in seen:
        return 0
    while at + length < len(text) and text[at : at + length + 1] in seen:
        length += 1
    return length


def _is_english(key: str) -> bool:
    """Return whether the pairs of letters are those of English words; hexadecimal digits have too few to say."""
    if set(key.lower()) <= set("0123456789abcdef-"):
        return False
    pairs = [one + other for one, other in pairwise(key) if _may_be_in_a_word(one, other)]
    usual = sum(pair.lower() in _PAIRS for pair in pairs)
    return len(pairs) >= max(_ENOUGH_PAIRS, 0.55 * len(key)) and usual > _ENGLISH * len(pairs)


def _may_be_in_a_word(one: str, other: str) -> bool:
    """Return whether two letters may follow each other in a word: not a capital after a small one."""
    return one.isalpha() and other.isalpha() and not (one.islower() and other.isupper())
