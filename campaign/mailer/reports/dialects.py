"""How mail servers tell people that an email did not arrive, as tables with the servers beside the words.

The words are those that the servers send; where they are documented is in `refusal_rules.sources`. All is matched
without case.
"""

import re
from typing import NamedTuple


class Sign(NamedTuple):
    """Words by which something in a report is known, and the servers or the language that they come from."""

    servers: str
    words: tuple[str, ...]


_SENDERS = (
    Sign("sendmail, Postfix, qmail", (r"mailer-?daemon", r"mail-?daemon", r"delivery subsystem")),
    Sign("Exim, Postfix, Gmail", (r"mail ?delivery", r"mail system", r"noreply-dsn")),
    Sign("Exchange, James", (r"post[-_]?master", r"microsoftexchange", r"system administrator")),
    Sign("MDaemon, Domino, SES", (r"mdaemon", r"mail administrator", r"no-?reply@sns")),
    Sign("any", (r"double-?bounce", r"bounce", r"non-?delivery", r"smtp gateway", r"listserv")),
)
"""Names under which mail servers write."""

_SUBJECTS = (
    Sign("Postfix, Exchange", (r"undeliver", r"not delivered", r"nondeliverable")),
    Sign(
        "sendmail",
        (r"returned mail", r"warning: (?:could not|message)", r"delivery notification"),
    ),
    Sign(
        "Exim, Gmail",
        (
            r"mail (?:delivery|system error|failure)",
            r"delivery (?:status|failure|failed|error|report|has|problem|unsuccessful|incomplete|delayed)",
            r"delivery.{0,20}(?:failed|failure)",
        ),
    ),
    Sign("qmail", (r"failure notice", r"failed (?:mail|delivery)")),
    Sign(
        "any",
        (
            r"non-?delivery",
            r"message (?:delivery|undeliverable|not delivered|could not)",
            r"(?:could not|cannot) (?:be )?(?:deliver|send)",
            r"bounced?\b",
            r"user unknown",
            r"error (?:sending|delivering)",
        ),
    ),
    Sign(
        "German", (r"unzustellbar", r"rückläufer", r"nicht zugestellt", r"zustell(?:ung|bericht)")
    ),
    Sign("French", (r"non remis", r"non distribu", r"échec de (?:la )?(?:remise|distribution)")),
    Sign("Spanish", (r"no (?:se pudo )?entreg", r"error de entrega", r"no entregado")),
    Sign("Italian, Portuguese", (r"mancato recapito", r"não entreg", r"falha na entrega")),
    Sign("Japanese", (r"配信", r"送信できません", r"メールエラー", r"エラー通知")),
    Sign("Chinese", (r"退信", r"退回", r"无法投递", r"投递失败")),
    Sign("Russian", (r"не доставлен", r"недоставлен")),
)
"""Subjects of reports."""

_QUOTED = (
    Sign(
        "Exim, Mail.ru",
        (r"(?<!-)-{3,80} (?:this is a copy|the body of the message|return message)",),
    ),
    Sign(
        "qmail, Yahoo", (r"(?<!-)-{3,80} ?(?:below this line|original message follows|enclosed)",)
    ),
    Sign("GMX", (r"(?<!-)-{3,80} the header of the original message",)),
    Sign("Gmail", (r"(?<!-)-{3,80} (?:original message|message header|forwarded message)",)),
    Sign("OpenSMTPD", (r"below is a copy of the original message",)),
    Sign("DragonFly", (r"message headers? follows?", r"original message (?:headers )?follows?")),
    Sign(
        "sendmail", (r"(?<!-)-{3,80} (?:original message|unsent message|message (?:text|header))",)
    ),
    Sign("Notes", (r"(?<!-)-{3,80} ?(?:returned message|original message|message text follows)",)),
    Sign("Facebook, MxLogic", (r"included is a copy of the message header",)),
    Sign("m-FILTER", (r"(?<!-)-{3,80} ?original (?:message|mail)",)),
    Sign("IMail, Barracuda", (r"original (?:mail|e-?mail) (?:text|follows)",)),
    Sign("Verizon", (r"^original message:",)),
    Sign(
        "any",
        (r"^[>|* ]{0,5}(?:return-path|received|x-[a-z-]{2,40}|dkim-signature|arc-seal)\s{0,3}:",),
    ),
)
"""Lines at which the report ends and the returned email is quoted."""

_DELAYED = (
    Sign(
        "sendmail",
        (
            r"warning: (?:could not send|message still|mail delay)",
            r"(?:does not|do not|no) need to resend",
        ),
    ),
    Sign(
        "Exim",
        (
            r"has not (?:yet been|been) delivered (?:yet|to (?:one|all)\b[^.]{0,80}after)",
            r"has not yet been|no action is required",
            r"message (?:\S+ )?delayed|delivery attempts will continue",
        ),
    ),
    Sign(
        "Gmail",
        (
            r"delivery (?:incomplete|to the following recipients? has been delayed)",
            r"will (?:retry|keep trying)|message will be retried",
        ),
    ),
    Sign(
        "Postfix",
        (r"will be (?:retried|deleted from queue) (?:until|if)", r"notification \(delay\)"),
    ),
    Sign(
        "Exchange",
        (
            r"delivery (?:is|has been) delayed|still being attempted",
            r"will (?:keep|continue) (?:trying|to try)",
        ),
    ),
    Sign("OpenSMTPD", (r"(?:is|has been) delayed", r"temporarily (?:could not|failed).{0,60}retr")),
    Sign("qmail", (r"still (?:trying|in the queue)", r"keep trying for", r"i(?:'ll| will) keep")),
    Sign("any", (r"delivery.{0,20}\bdelayed", r"delayed mail")),
    Sign("German", (r"wird (?:weiter|erneut) versucht", r"verzöger")),
    Sign("French, Spanish", (r"retard(?:ée?|ad[ao])\b", r"con retraso")),
    Sign("Japanese, Chinese", (r"遅延", r"延迟")),
)
"""Notices of a delivery that is still being tried."""

_GIVEN_UP = (
    Sign(
        "any",
        (
            r"giv(?:en|ing) up|gave up",
            r"permanent(?:ly)?\b",
            r"has been (?:removed|returned|deleted)",
            r"no further attempts",
            r"failed\b|failure\b",
        ),
    ),
)
"""Words of a report that is final, although it tells of delays."""

_FAILED = (
    Sign(
        "any",
        (
            (
                r"(?:not|n't|un(?:able|successful)|cannot|can't|fail\w{0,5}).{0,60}\b"
                r"(?:deliver|sen[dt]|reach|be processed|accept)"
            ),
            r"deliver\w{0,4}.{0,40}\b(?:fail|not|unsuccessful|reject|impossible|error|abort)",
            r"undeliver|returned to (?:the )?sender",
            r"permanent(?:ly)? (?:fatal )?(?:error|fail)|fatal error",
            r"(?:was|been|be) (?:returned|rejected|refused|bounced|blocked)",
            r"rejected (?:by|recipient)|bounced",
            r"following address|failed (?:address|recipient)|could not be",
            r"transcript of session|trouble delivering|error sending",
        ),
    ),
    Sign("German", (r"unzustellbar", r"nicht zu(?:ge)?stell", r"konnte nicht")),
    Sign("French", (r"n'a pas pu", r"impossible de", r"non (?:remis|distribu)")),
    Sign("Spanish, Portuguese", (r"no (?:se )?(?:ha )?(?:pudo|podido|fue)", r"não (?:pôde|foi)")),
    Sign("Italian", (r"non è stat",)),
    Sign("Japanese", (r"できません", r"できなかった", r"送信できま", r"失敗")),
    Sign("Chinese", (r"失败", r"退回", r"退信", r"无法")),
    Sign("Russian", (r"не может", r"не удалось", r"не доставлен")),
)
"""Words of a delivery that failed."""

_BOILERPLATE = (
    Sign(
        "Exchange",
        (
            r"(?:for more|more) information[^\n]{0,200}",
            r"contact (?:the|your) (?:system |e-?mail )?administrator[^\n]{0,100}",
        ),
    ),
    Sign(
        "any",
        (
            (
                r"please (?:do not reply|contact|check|verify|forward|try|direct|include|send|see|visit|note)"
                r"[^\n]{0,200}"
            ),
            r"do not reply to this (?:e-?mail|message)",
            r"virus[- ]?(?:free|checked)|no virus found",
            r"^[>|* ]{0,5}(?:subject|from|to|date|sent)\s{0,3}:[^\n]{0,500}",
        ),
    ),
    Sign(
        "qmail",
        (
            r"this is a permanent error; i've given up|sorry it didn't work out",
            r"giving up on \S{1,100}",
        ),
    ),
    Sign("Exim", (r"this message was created automatically by mail delivery software",)),
    Sign("sendmail", (r"\.\.\. service unavailable",)),
    Sign(
        "MDaemon",
        (r"message contains \[\d{1,3}\] file attachments?", r"file\s{1,5}attachments?\."),
    ),
    Sign("Demon", (r"here is a copy of the first part of the message[^.]{0,80}",)),
    Sign("au", (r"each of the following recipients was rejected by a remote",)),
    Sign(
        "Postfix",
        (r"you can\s{1,3}delete your own text from the (?:attached )?(?:returned )?message",),
    ),
)
"""What stands in every report of a server and says nothing about this one."""


def _any(signs: tuple[Sign, ...]) -> re.Pattern[str]:
    words = [each for sign in signs for each in sign.words]
    return re.compile("|".join(words), re.IGNORECASE | re.MULTILINE)


SENDERS, SUBJECTS = _any(_SENDERS), _any(_SUBJECTS)
QUOTED = _any(_QUOTED)
DELAYED, GIVEN_UP, FAILED = _any(_DELAYED), _any(_GIVEN_UP), _any(_FAILED)
_BOILERPLATE_WORDS = _any(_BOILERPLATE)


def without_boilerplate(text: str) -> str:
    """Return the text without what its server writes into every report."""
    return _BOILERPLATE_WORDS.sub(" ", text)
