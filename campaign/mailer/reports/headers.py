"""Headers of reports as text, and answers that are none: vacation notices and other automatic replies."""

import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message

_AWAY_WORDS = (
    r"auto(?:matic|mated)?[- ]?(?:reply|response|answer|antwort)|autoreply|autoresponse",
    r"out of (?:the )?office|vacation|away from|on (?:holiday|leave|vacation)|i am (?:away|out)",
    r"abwesen|automatische (?:antwort|abwesenheit)",  # German
    r"réponse automatique|absence du bureau",  # French
    r"respuesta automática|fuera de la oficina",  # Spanish
    r"risposta automatica|fuori ufficio|resposta automática|ausência",  # Italian, Portuguese
    r"自動応答|自動返信|不在|自动回复|自動回覆|автоответ",  # Japanese, Chinese, Russian
)
_AWAY = re.compile(rf"^\s*(?:re: ?|aw: ?)?(?:{'|'.join(_AWAY_WORDS)})", re.IGNORECASE)
_AUTOMATIC = ("X-Autoreply", "X-Autorespond", "X-AutoReply-From", "X-Vacation", "X-Mail-Autoreply")


def subject_of(mail: Message) -> str:
    """Return the subject, decoded as well as it can be."""
    raw = next((str(v) for name, v in mail.raw_items() if name.lower() == "subject"), "")
    raw = " ".join(raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace").split())[:1000]
    try:
        return str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, ValueError):
        return raw


def says_automatic(mail: Message) -> bool:
    """Return whether the mail says that it is an automatic reply (RFC 3834), as many reports do, too."""
    return str(mail.get("Auto-Submitted", "")).strip().lower().startswith("auto-replied")


def is_automatic_reply(mail: Message) -> bool:
    """Return whether a person's mail program answered for them: the email arrived."""
    if mail.get("X-Failed-Recipients"):  # Exim marks its reports as automatic replies, too
        return False
    if any(mail.get(name) for name in _AUTOMATIC):
        return True
    precedence = str(mail.get("Precedence", "")).strip().lower()
    return precedence in ("auto_reply", "auto-reply") or bool(_AWAY.search(subject_of(mail)))
