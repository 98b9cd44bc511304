"""Find what the other server answered, and to which command, in a report in plain words."""

import re
from typing import NamedTuple

_LONGEST_REPLY = 700
_MOST = 40
_REPLY = re.compile(
    r"(?:^|(?<=[\s:;>\[(\"'<=]))(?P<code>[45]\d\d)(?:[ -]|, ERROR_CODE :)(?=[^\n]*(?:\n[^\n]*)?[^\W\d_]{2}|#?[45]\.\d)",
    re.MULTILINE,
)
"""A reply with words or a status behind it. A number alone may be anything."""
_STATUS_ALONE = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
_COMMANDS = (
    (re.compile(r"in reply to (?:end of )?data|after (?:end of )?data|>>> data\b|smtp command\s*data\b", re.IGNORECASE), "DATA"),
    (re.compile(r"in reply to rcpt|after rcpt|rcpt (?:to )?command|>>> rcpt|rcpt to:", re.IGNORECASE), "RCPT"),
    (re.compile(r"in reply to mail|after (?:pipelined )?mail|mail from command|>>> mail|mail from:\s*<", re.IGNORECASE), "MAIL"),
)  # fmt: skip
_NO_RECIPIENT = re.compile(r"need (?:rcpt|recipient|mail)|no valid recipients", re.IGNORECASE)
"""The answer to DATA of a server that refused RCPT before, where commands were sent together (RFC 2920)."""


class Reply(NamedTuple):
    """What the server answered, with its code, and the command that it answered, or ''."""

    words: str
    command: str


def replies_in(text: str) -> list[Reply]:
    """Return the refusals in `text`, in their order."""
    found = [*_REPLY.finditer(text)][:_MOST] or [*_STATUS_ALONE.finditer(text)][:_MOST]
    ends = [*(each.start() for each in found), len(text)][1:]
    replies: list[Reply] = []
    before = 0
    for match, end in zip(found, ends, strict=True):
        words = _paragraph(text[match.start() : min(end, match.start() + _LONGEST_REPLY)])
        context = text[max(before, match.start() - 300) : match.start()] + " " + words
        before = match.start()
        if replies and _goes_on(replies[-1], words):
            replies[-1] = Reply(f"{replies[-1].words} {words}", replies[-1].command)
        elif not _NO_RECIPIENT.search(words):
            replies.append(Reply(words, command_in(context)))
    return replies


def _goes_on(last: Reply, words: str) -> bool:
    """Return whether `words` is a further line of the last reply: 550-… 550 …"""
    return last.words[:3] == words[:3] and (last.words[3:4] == "-" and len(last.words) < _LONGEST_REPLY)


def _paragraph(text: str) -> str:
    return " ".join(re.split(r"\n\s*\n", text, maxsplit=1)[0].split())


def command_in(text: str) -> str:
    """Return the last SMTP command that `text` names: MAIL, RCPT or DATA; or ''."""
    places = [
        (match.start(), name) for pattern, name in _COMMANDS for match in pattern.finditer(text)
    ]
    return max(places)[1] if places else ""
