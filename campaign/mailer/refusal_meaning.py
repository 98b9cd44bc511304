"""What a refusal means: one reader for SMTP answers and bounce reports alike. Pure: no database, no network.

Words win over the status, because many servers send the wrong status. A refusal is about the address only if its words
or its status say so plainly, and nothing in it points to us or to something that passes.
"""

import re
from dataclasses import dataclass

from campaign.mailer.refusal_rules.causes import ABOUT, RefusalAbout, RefusalCause
from campaign.mailer.refusal_rules.status import cause_of_status
from campaign.mailer.refusal_rules.words import cause_of_words

__all__ = ["RefusalAbout", "RefusalCause", "RefusalMeaning", "is_understood", "judge_refusal"]

_LONGEST = 3000
"""Characters that are read. What a server says is short; the rest is a quoted message."""
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.#-])([245]\d\d)(?=[ -]|$)")
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"']{1,100}@[^\s<>()\[\]:;,\"']{1,255}")
_ABOUT_SENDER = (".1.7", ".1.8")
"""Statuses about the sender's address: "invalid address" beside them is ours."""
_AU = re.compile(r"@(?:ezweb\.ne\.jp|au\.com|uqmobile\.jp|\w{1,10}\.auone-net\.jp)$", re.IGNORECASE)
"""Where the words depend on whether the address is named: see `words_exact`."""
_TYPE = re.compile(r"^\s*[\w-]{1,30};\s*")
"""The type before a diagnostic: `smtp;`, `X-Postfix;`."""
_FRAMES = re.compile(
    r"(?<!\S)(?:[245]\d\d[ -]|#?[245]\.\d{1,3}\.\d{1,3}(?=\s|$))"
    r"|\bhost \S{1,300} (?:said|refused[^:]{0,40}):"
)
"""What stands around the words: reply codes, also at the start of each further line, statuses, the host."""
_DOUBTFUL_AFTER_DATA = {RefusalCause.no_mailbox, RefusalCause.moved}
"""A server that took the recipient and then says that it knows none filters by content, unless its status insists."""


@dataclass(frozen=True)
class RefusalMeaning:
    """Whom a refusal is about and why it was made."""

    about: RefusalAbout
    cause: RefusalCause


def judge_refusal(
    words: str, *, code: int | None = None, status: str = "", command: str = ""
) -> RefusalMeaning:
    """Return what a refusal means.

    `words` is what the server said, with or without codes in it. `code` is the SMTP reply code and `status` the
    enhanced one (RFC 3463), if they are known apart from the words. `command` is the one that was refused: MAIL, RCPT
    or DATA, or '' if a report does not say. Only a meaning about `address` may ever suppress.
    """
    said = words[:_LONGEST]
    code = code if code is not None else _code_in(said)
    status = _closest_status(status, said)
    found = cause_of_words(_plain(said), status)
    cause = found.cause if found else cause_of_status(status, code)
    if status.endswith(_ABOUT_SENDER) and ABOUT[cause] is RefusalAbout.address:
        cause = RefusalCause.sender
    about = _about(cause, status, code, command)
    plain = status.startswith("5.1.") or (found is not None and found.exact)
    if command == "DATA" and cause in _DOUBTFUL_AFTER_DATA and not plain:
        about = RefusalAbout.passing
    return RefusalMeaning(about, cause)


def is_understood(words: str) -> bool:
    """Return whether a rule knows these words, or a status or code in them means something."""
    said = words[:_LONGEST]
    by_status = cause_of_status(_closest_status("", said), _code_in(said))
    return cause_of_words(_plain(said)) is not None or by_status is not RefusalCause.unknown


def _about(cause: RefusalCause, status: str, code: int | None, command: str) -> RefusalAbout:
    about = ABOUT[cause]
    if about is RefusalAbout.us:
        return about
    if command == "MAIL":  # the server does not know the reader yet
        return RefusalAbout.us
    if about is RefusalAbout.address:
        for_now = status.startswith("4") or (not status and code is not None and code < 500)
        return RefusalAbout.passing if for_now else about
    return about


def _code_in(words: str) -> int | None:
    found = _CODE.search(words)
    return int(found[1]) if found else None


def _closest_status(status: str, words: str) -> str:
    """Return the status that the server itself sent, if its words hold one: reports often add a generic one."""
    closest = _STATUS.search(words) or _STATUS.search(status)
    return closest[0] if closest else ""


def _masked(address: re.Match[str]) -> str:
    return "@au" if _AU.search(address[0]) else "@"


def _plain(words: str) -> str:
    """Return the words on one line, without codes and addresses, which may spell anything."""
    text = _ADDRESS.sub(_masked, " ".join(words.split())).replace("’", "'")
    text = _TYPE.sub("", text)
    return " ".join(_FRAMES.sub(" ", text).split())
