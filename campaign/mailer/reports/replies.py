"""Find what the other server answered, and to which command, in a report in plain words."""

import re
from typing import NamedTuple

_LONGEST_REPLY = 700
_MOST = 40
_REPLY = re.compile(
    r"(?:^|(?<=[\s:;>\[(\"'<=]))(?P<code>[45]\d\d)(?:[ -]|: |[ \t]*\n[ \t]*|, ERROR_CODE :)"
    r"(?=[^\n]{0,200}(?:\n[^\n]{0,200})?[^\W\d_]{2}|#?[45]\.\d)",
    re.MULTILINE,
)
"""A reply with words or a status behind it. A number alone may be anything."""
_STATUS_ALONE = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
_COMMANDS = (
    ("DATA", "Postfix, Exim, GMX", (r"(?:in reply to|after) (?:end of )?data\b",)),
    ("DATA", "sendmail, m-FILTER", (r">>> (?:data\b|\.$)", r"smtp command\s{1,20}data\b")),
    ("DATA", "qmail, Gmail", (r"failed after i sent the message", r"\(state 1[5-9]\)")),
    ("DATA", "DragonFly", (r"did not like our data",)),
    ("RCPT", "Postfix, Exim, GMX", (r"(?:in reply to|after|following) rcpt\b",)),
    (
        "RCPT",
        "GMX, IMail, Yahoo",
        (r"\brcpt(?: to)? (?:command|response|generated)", r"\[rcpt_to\]"),
    ),
    ("RCPT", "sendmail, Exim, MDaemon", (r"(?:>>>|-->|after) {0,3}rcpt to:", r"smtp:rcpt\b")),
    ("RCPT", "Symantec", (r"\b542 \S{1,300} rejected",)),
    ("RCPT", "qmail, Gmail", (r"does not like recipient", r"\(state 1[34]\)")),
    ("RCPT", "DragonFly, any", (r"did not like our rcpt", r"rejected recipient")),
    ("MAIL", "Postfix, Exim, GMX", (r"(?:in reply to|after) (?:pipelined )?mail\b",)),
    (
        "MAIL",
        "sendmail, Exim, MDaemon",
        (r"(?:>>>|-->|after) {0,3}mail from:", r"\bmail from command"),
    ),
    (
        "MAIL",
        "qmail, Yahoo, Gmail",
        (r"sender was rejected", r"does not like sender", r"\[mail_from\]"),
    ),
    ("MAIL", "Gmail", (r"\(state 1[12]\)",)),
)
"""How servers say which command was refused: the command, who says so, the words."""
_COMPILED = tuple(
    (name, re.compile("|".join(words), re.IGNORECASE | re.MULTILINE))
    for name, _, words in _COMMANDS
)
_END = re.compile(r"\n[ \t]*\n|\n[ \t]*(?:>>>|-->)")
"""Where a reply ends at the latest: at a blank line, or at our next command."""
_SAYS_NOTHING = re.compile(
    r"need (?:rcpt|recipient|mail)|no valid recipients$|(?:\.\.\.|^\d{3}(?: 5\.0\.0)?) service unavailable$",
    re.IGNORECASE,
)
"""The answer to DATA of a server that refused RCPT before (RFC 2920), and how sendmail sums up."""


class Reply(NamedTuple):
    """What the server answered, with its code, and the command that it answered, or ''."""

    words: str
    command: str


def replies_in(text: str) -> list[Reply]:
    """Return the refusals in `text`, in their order. One without a code is known by its status: qmail's (#5.1.1)."""
    found = [*_REPLY.finditer(text)][:_MOST]
    if not found:
        return _by_status(text)
    ends = [*(each.start() for each in found), len(text)][1:]
    replies: list[Reply] = []
    before = 0
    for match, end in zip(found, ends, strict=True):
        words = _paragraph(text[match.start() : min(end, match.start() + _LONGEST_REPLY)])
        context = text[max(before, match.start() - 300) : match.start()]
        before = match.start()
        if replies and _goes_on(replies[-1], words):
            last = replies[-1]
            replies[-1] = Reply(f"{last.words} {words}", last.command or command_in(words))
        elif not _SAYS_NOTHING.search(words):
            replies.append(Reply(words, command_in(words) or command_in(context)))
    return replies


def _by_status(text: str) -> list[Reply]:
    replies: list[Reply] = []
    for paragraph in re.split(r"\n[ \t]*\n", text):
        start = 0
        for match in [*_STATUS_ALONE.finditer(paragraph)][:_MOST]:
            line_end = paragraph.find("\n", match.end())
            end = line_end if line_end >= 0 else len(paragraph)
            words = " ".join(paragraph[start:end].split())[-_LONGEST_REPLY:]
            if words:
                replies.append(Reply(words, command_in(words)))
            start = max(start, end)
    return replies[:_MOST]


def _goes_on(last: Reply, words: str) -> bool:
    """Return whether `words` is a further line of the last reply: 550-… 550 …"""
    further = last.words[:3] == words[:3] and last.words[3:4] == "-"
    return further and len(last.words) < _LONGEST_REPLY


def _paragraph(text: str) -> str:
    return " ".join(_END.split(text, maxsplit=1)[0].split())


def command_in(text: str) -> str:
    """Return the last SMTP command that `text` names as refused: MAIL, RCPT or DATA; or ''."""
    places = [(m.start(), name) for name, pattern in _COMPILED for m in pattern.finditer(text)]
    return max(places)[1] if places else ""
