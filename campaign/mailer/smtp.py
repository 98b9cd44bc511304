"""The SMTP dialog on one connection (RFC 5321), and what each reply means for the message. Used by `Transport`.

`smtplib` only opens the connection. It does not report whether a connection broke before or after the server had the
message, and it waits for every reply even if the server accepts pipelined commands (RFC 2920).
"""

import re
import smtplib
import ssl
from functools import cache
from socket import getfqdn
from typing import NamedTuple, Self

from campaign.core.errors import MailDelayed, MailRefused, MailUnknown
from campaign.core.settings import SmtpAddress

TIMEOUT = 30
"""Seconds to wait for any reply of the mail server."""

_GO_ON, _CLOSING = 354, 421
_OURS = {500, 501, 502, 503, 504, 530, 534, 535, 538, 555}
"""Replies to RCPT that are about our syntax or authentication (RFC 5321, RFC 4954)."""
_STATUS = re.compile(r"5\.(\d{1,3})\.(\d{1,3})\b")
_ABOUT_SENDER = {"7", "8"}
"""5.1.7 and 5.1.8 are about the sender address: RFC 3463, 3.2."""
_AT_RECIPIENT = {"0", "2", "4"}
"""Subjects in replies to RCPT that concern the address: undefined, mailbox, routing. Not: system, protocol, policy."""


class ConnectionLost(Exception):
    """The connection broke before the server had the message."""


class SmtpReply(NamedTuple):
    """A reply: its code and its text."""

    code: int
    words: str

    @property
    def taken(self) -> bool:
        return 200 <= self.code < 300

    def __str__(self) -> str:
        return f"{self.code} {self.words}"


@cache
def _our_name() -> str:
    """Return the host name as smtplib finds it, cached because each lookup may query a name server."""
    name = getfqdn()
    return name if "." in name else "[127.0.0.1]"


class SmtpSession:
    """One open connection. `over` is True once it cannot be used any more."""

    def __init__(self, connection: smtplib.SMTP) -> None:
        self._connection = connection
        self._together = connection.has_extn("pipelining")
        self.over = False

    @classmethod
    def begin(cls, address: SmtpAddress) -> Self:
        """Connect, encrypt and sign in. Raise the errors of smtplib."""
        name = _our_name()
        if address.security == "tls":
            context = ssl.create_default_context()
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                address.host, address.port, name, timeout=TIMEOUT, context=context
            )
        else:
            connection = smtplib.SMTP(address.host, address.port, name, timeout=TIMEOUT)
        try:
            if address.security == "starttls":
                connection.starttls(context=ssl.create_default_context())
            if address.user:
                connection.login(address.user, address.password or "")
            connection.ehlo_or_helo_if_needed()
        except (smtplib.SMTPException, OSError):
            connection.close()
            raise
        return cls(connection)

    def offers(self, extension: str) -> bool:
        """Return whether the server announced `extension`."""
        return bool(self._connection.has_extn(extension))

    def send(self, sender: str, recipient: str, message: bytes) -> None:
        """Send one message. Raise MailRefused, MailDelayed, MailUnknown or Lost."""
        try:
            self._agree(sender, recipient, message)
        except (smtplib.SMTPException, OSError) as error:
            self.over = True
            raise ConnectionLost(f"The mail server could not be used: {error}") from error
        self._judge(self.hand_over(message))

    def hand_over(self, message: bytes) -> SmtpReply:
        """Send the message data and return the reply. If the connection breaks here, the outcome is unknown."""
        dotted = re.sub(rb"(?m)^\.", b"..", message)
        try:
            self._connection.send(dotted + b".\r\n")
            answer = self._answer()
        except (smtplib.SMTPException, OSError) as error:
            self.over = True
            raise MailUnknown(f"The connection broke before the reply: {error}") from error
        return answer

    def end(self) -> None:
        """Quit if the server is still connected, and close the connection."""
        try:
            if not self.over:
                self._connection.quit()
        except (smtplib.SMTPException, OSError):
            pass
        finally:
            self._connection.close()

    def _agree(self, sender: str, recipient: str, message: bytes) -> None:
        """Send MAIL, RCPT and DATA, up to the server's 354 reply."""
        commands = [
            f"MAIL FROM:<{sender}>{self._options(sender, recipient, message)}",
            f"RCPT TO:<{recipient}>",
            "DATA",
        ]
        answers: list[SmtpReply] = []
        if self._together:
            self._say(*commands)
            answers = [self._answer() for _ in commands]
        else:
            for command in commands:
                self._say(command)
                answers.append(self._answer())
                if not (answers[-1].taken or answers[-1].code == _GO_ON):
                    break
        if answers[-1].code != _GO_ON or not all(each.taken for each in answers[:-1]):
            self._give_up(answers)

    def _give_up(self, answers: list[SmtpReply]) -> None:
        """Raise for the first negative reply and reset the connection for the next message."""
        if answers[-1].code == _GO_ON:
            self._say(".")  # end the data without a message: RFC 2920, 3.1
            self._answer()
        place = next(n for n, one in enumerate(answers) if not one.taken)
        answer = answers[place]
        self._start_anew(answer)
        if place == 0:
            # The sender was refused: a problem between us and our server, not of the recipient.
            raise MailDelayed(f"The mail server refused the sender: {answer}")
        raise _refusal(answer, at_recipient=place == 1)

    def _judge(self, answer: SmtpReply) -> None:
        if answer.taken:
            return
        if answer.code < 400 or answer.code >= 600:
            self.over = True
            raise MailUnknown(f"The mail server sent an unknown reply: {answer}")
        self._start_anew(answer)
        raise _refusal(answer, at_recipient=False)

    def _start_anew(self, answer: SmtpReply) -> None:
        """Reset the connection for the next message, or mark it as closed."""
        if answer.code == _CLOSING:
            self.over = True
            return
        try:
            self._say("RSET")
            self._answer()
        except (smtplib.SMTPException, OSError):
            self.over = True

    def _options(self, sender: str, recipient: str, message: bytes) -> str:
        size = f" SIZE={len(message)}" if self.offers("size") else ""
        if sender.isascii() and recipient.isascii():
            return size
        if not (self.offers("smtputf8") and self.offers("8bitmime")):
            raise MailRefused(
                f"The mail server does not accept internationalized addresses (SMTPUTF8): {recipient}"
            )
        return f"{size} BODY=8BITMIME SMTPUTF8"

    def _say(self, *commands: str) -> None:
        self._connection.send("".join(f"{command}\r\n" for command in commands).encode())

    def _answer(self) -> SmtpReply:
        code, words = self._connection.getreply()
        return SmtpReply(code, words.decode("utf-8", "replace"))


def _refusal(answer: SmtpReply, *, at_recipient: bool) -> MailDelayed | MailRefused:
    if not 500 <= answer.code < 600:
        return MailDelayed(f"The mail server postponed the message: {answer}")
    about = _about_recipient(answer, at_recipient=at_recipient)
    return MailRefused(f"The mail server refused the message: {answer}", recipient=about)


def _about_recipient(answer: SmtpReply, *, at_recipient: bool) -> bool:
    """Return whether the address itself was refused, judged by the status (RFC 3463) or else by the command."""
    status = _STATUS.match(answer.words)
    if status:
        subject, detail = status.groups()
        if subject == "1":
            return detail not in _ABOUT_SENDER
        return at_recipient and subject in _AT_RECIPIENT
    return at_recipient and answer.code not in _OURS
