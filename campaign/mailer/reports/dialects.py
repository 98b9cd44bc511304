"""How mail servers tell people in plain words that an email did not arrive, as tables with the server beside each."""

import re
from typing import NamedTuple

class Sign(NamedTuple):
    """Words by which something in a report is known, and the servers that write them."""

    servers: str
    words: str


SENDERS = re.compile(
    r"\b(?:mailer-?daemon|mail-?daemon|post[-_]?master|mail delivery|maildelivery|delivery subsystem|mail system"
    r"|double-?bounce|bounce|mdaemon|noreply-dsn|no-?reply@sns|microsoftexchange|mail administrator|system administrator"
    r"|non-?delivery|smtp gateway|quarantine|listserv)",
    re.IGNORECASE,
)  # fmt: skip
"""Names under which mail servers write."""

SUBJECTS = re.compile(
    r"undeliver|unzustellbar|returned mail|mail (?:delivery|system error)|delivery (?:status|failure|failed|error|report|has|problem|unsuccess"
    r"|incomplete|notification|delayed)|failure notice|failed (?:mail|delivery)|delivery.{0,20}(?:failed|failure)|non-?delivery"
    r"|message (?:delivery|undeliverable|not delivered|could not)|(?:could not|cannot) (?:be )?(?:deliver|send)|not delivered|bounced?\b"
    r"|mail failure|delivery notification|warning: (?:could not|message)|nondeliverable|user unknown|error (?:sending|delivering)"
    r"|rückläufer|nicht zugestellt|zustell(?:ung|bericht)|non remis|non distribu|échec de (?:la )?(?:remise|distribution)|no (?:se pudo )?entreg"
    r"|error de entrega|no entregado|mancato recapito|não entreg|falha na entrega|配信|送信できません|メールエラー|エラー通知|退信|退回|无法投递|投递失败|не доставлен|недоставлен",
    re.IGNORECASE,
)  # fmt: skip
"""Subjects of reports."""

QUOTED = (
    Sign("Exim, Mail.ru", r"-{3,} (?:this is a copy|the body of the message|return message)"),
    Sign("Exim", r"-{3,} this message was created"),
    Sign("qmail, Yahoo", r"-{3} (?:below this line|original message follows|enclosed)"),
    Sign("GMX", r"-{3} the header of the original message"),
    Sign("Gmail", r"-{3,} (?:original message|message header|forwarded message)"),
    Sign("OpenSMTPD", r"below is a copy of the original message"),
    Sign("DragonFly", r"message headers? follows?|original message (?:headers )?follows?"),
    Sign("sendmail", r"-{3,} (?:original message|unsent message|message (?:text|header))"),
    Sign("Notes", r"-{3,} ?(?:returned message|original message|message text follows)"),
    Sign("Facebook, MxLogic", r"included is a copy of the message header"),
    Sign("m-FILTER", r"-{3,} ?original (?:message|mail)"),
    Sign("IMail, Barracuda", r"original message follows|original (?:mail|e-?mail) (?:text|follows)"),
    Sign("Verizon", r"^original message:"),
    Sign("any", r"^[>|* ]{0,5}(?:return-path|received|x-[a-z-]{2,40}|dkim-signature|arc-seal)\s{0,3}:"),
)  # fmt: skip
"""Lines at which the report ends and the returned email is quoted."""

DELAYED = (
    Sign("sendmail", r"warning: (?:could not send|message still|mail delay)|(?:does not|do not) need to resend|no need to resend"),
    Sign("Exim", r"has not (?:yet )?been delivered|no action is required|message (?:\S+ )?delayed|delivery attempts will continue"),
    Sign("Gmail", r"delivery (?:incomplete|to the following recipients? has been delayed)|will (?:retry|keep trying)|message will be retried"),
    Sign("Postfix", r"will be (?:retried|deleted from queue) (?:until|if)|delivery (?:status )?notification \(delay\)"),
    Sign("Exchange", r"delivery (?:is|has been) delayed|(?:server )?will (?:keep|continue) (?:trying|to try)|still being attempted"),
    Sign("OpenSMTPD", r"(?:is|has been) delayed|temporarily (?:could not|failed).{0,60}retr"),
    Sign("qmail, any", r"still (?:trying|in the queue)|not yet (?:been )?delivered|i(?:'ll| will) keep trying|keep trying for"),
    Sign("GMX", r"wird (?:weiter|erneut) versucht|verzöger"),
    Sign("any", r"delivery.{0,20}\bdelayed|delayed mail|retraso|retard(?:ée?|ad[ao])|遅延|延迟"),
)  # fmt: skip
"""Notices of a delivery that is still being tried."""

GIVEN_UP = re.compile(
    r"giv(?:en|ing) up|permanent(?:ly)?\b|gave up|has been (?:removed|returned|deleted)|no further attempts|failed\b|failure\b",
    re.IGNORECASE,
)
"""Words of a report that is final, although it tells of delays."""

FAILED = re.compile(
    r"(?:not|n't|un(?:able|successful)|cannot|can't|fail\w{0,5}).{0,60}\b(?:deliver|sen[dt]|reach|be processed|accept)"
    r"|deliver\w{0,4}.{0,40}\b(?:fail|not|unsuccess|reject|impossible|error|abort)|undeliver|unzustellbar|returned to (?:the )?sender"
    r"|permanent(?:ly)? (?:fatal )?(?:error|fail)|(?:was|been|be) (?:returned|rejected|refused|bounced|blocked)|fatal error|rejected (?:by|recipient)"
    r"|bounced|following address|failed (?:address|recipient)|could not be|transcript of session|trouble delivering|error sending"
    r"|nicht zu(?:ge)?stell|konnte nicht|n'a pas pu|impossible de|non (?:remis|distribu)|no (?:se )?(?:ha )?(?:pudo|podido|fue)|não (?:pôde|foi)"
    r"|non è stat|できません|できなかった|送信できま|失敗|失败|退回|退信|无法|不能|не может|не удалось|не доставлен",
    re.IGNORECASE,
)  # fmt: skip
"""Words of a delivery that failed."""

BOILERPLATE = (
    Sign("Exchange", r"(?:for more|more) information.{0,200}|contact (?:the|your) (?:system |e-?mail )?administrator.{0,100}"),
    Sign("any", r"please (?:do not reply|contact|check|verify|forward|try|direct|include|send|see|visit|note)[^\n]{0,200}"),
    Sign("qmail", r"this is a permanent error; i've given up|sorry it didn't work out"),
    Sign("qmail", r"giving up on \S{1,100}|i'm not going to try again; this message has been in the queue too long(?=\.?\s*x)"),
    Sign("Exim", r"this message was created automatically by mail delivery software"),
    Sign("sendmail", r"\.\.\. service unavailable"),
    Sign("au", r"each of the following recipients was rejected by a remote"),
    Sign("any", r"^[>|* ]{0,5}(?:subject|from|to|date|sent)\s{0,3}:[^\n]{0,500}"),
    Sign("Postfix", r"you can delete your own text from the attached returned message|it's attached below"),
    Sign("any", r"do not reply to this (?:e-?mail|message)|virus[- ]?(?:free|checked)|no virus found"),
)  # fmt: skip
"""What stands in every report of a server and says nothing about this one."""


def _any(signs: tuple[Sign, ...]) -> re.Pattern[str]:
    return re.compile("|".join(each.words for each in signs), re.IGNORECASE | re.MULTILINE)


QUOTED_LINE = _any(QUOTED)
DELAYED_WORDS = _any(DELAYED)
_BOILERPLATE_WORDS = _any(BOILERPLATE)


def without_boilerplate(text: str) -> str:
    """Return the text without what its server writes into every report."""
    return _BOILERPLATE_WORDS.sub(" ", text)
