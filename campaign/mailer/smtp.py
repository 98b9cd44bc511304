"""The SMTP dialog on one connection (RFC 5321), and what each reply means for the message. Used by `Transport`.

`smtplib` only opens the connection. It does not report whether a connection broke before or after the server had the
message, and it waits for every reply even if the server accepts pipelined commands (RFC 2920).
"""

import re
import smtplib
import ssl
from dataclasses import replace
from functools import cache
from socket import getfqdn
from typing import NamedTuple, Self

from campaign.core.errors import MailDelayed, MailRefused, MailTooLarge, MailUnknown
from campaign.core.refused_replies import RefusedReply
from campaign.core.settings import SmtpAddress
from campaign.mailer.refusal_meaning import RefusalAbout, RefusalCause, judge_refusal

TIMEOUT = 30
"""Seconds to wait for any reply of the mail server."""

_GO_ON, _CLOSING, _SIGN_IN_FIRST = 354, 421, 530
"""Replies whose code says it all; 530 is "authentication required" (RFC 4954, 6), or encryption (RFC 3207, 4)."""
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
_MAIL, _RCPT, _DATA = "MAIL", "RCPT", "DATA"
_COMMANDS = (_MAIL, _RCPT, _DATA)


class ConnectionLost(Exception):
    """The connection broke, or the server closed it with `reply`, before it had the message."""

    def __init__(self, words: str, reply: RefusedReply | None = None) -> None:
        super().__init__(words)
        self.reply = reply


class SmtpReply(NamedTuple):
    """A reply: its code and its text."""

    code: int
    words: str

    @property
    def taken(self) -> bool:
        return 200 <= self.code < 300

    @property
    def permanent(self) -> bool:
        return 500 <= self.code < 600

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

    @property
    def largest(self) -> int:
        """The size in bytes up to which the server announced to accept messages (RFC 1870); 0 if it names none."""
        announced = self._connection.esmtp_features.get("size", "").split()
        return int(announced[0]) if announced and announced[0].isdecimal() else 0

    def send(self, sender: str, recipient: str, message: bytes) -> None:
        """Send one message. Raise MailRefused, MailDelayed, MailTooLarge, MailUnknown or ConnectionLost."""
        if self.largest and len(message) > self.largest:
            raise MailTooLarge(
                f"The message has {len(message)} bytes; the mail server accepts {self.largest}."
            )
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

    def ask(self, sender: str, recipient: str) -> tuple[str, SmtpReply]:
        """Ask for MAIL and RCPT, then reset, so that nothing is sent. Return the last command and its reply.

        Raise ConnectionLost.
        """
        try:
            for command in (f"{_MAIL} FROM:<{sender}>", f"{_RCPT} TO:<{recipient}>"):
                self._say(command)
                answer = self._answer()
                if not answer.taken:
                    break
        except (smtplib.SMTPException, OSError) as error:
            self.over = True
            raise ConnectionLost(f"The mail server closed the connection: {error}") from error
        self._start_anew(answer)
        return command[:4], answer

    def _agree(self, sender: str, recipient: str, message: bytes) -> None:
        """Send MAIL, RCPT and DATA, up to the server's 354 reply."""
        commands = [
            f"{_MAIL} FROM:<{sender}>{self._options(sender, recipient, message)}",
            f"{_RCPT} TO:<{recipient}>",
            _DATA,
        ]
        answers = self._ask_together(commands) if self._together else self._ask_in_turn(commands)
        if answers[-1].code != _GO_ON or not all(each.taken for each in answers[:-1]):
            self._give_up(answers)

    def _ask_in_turn(self, commands: list[str]) -> list[SmtpReply]:
        answers: list[SmtpReply] = []
        for command in commands:
            self._say(command)
            answers.append(self._answer())
            if not (answers[-1].taken or answers[-1].code == _GO_ON):
                break
        return answers

    def _ask_together(self, commands: list[str]) -> list[SmtpReply]:
        """Return the replies, up to the one with which the server closed the connection, if it did."""
        self._say(*commands)
        answers: list[SmtpReply] = []
        try:
            for _ in commands:
                answers.append(self._answer())  # noqa: PERF401 - the replies so far are needed
        except (smtplib.SMTPException, OSError):
            if all(one.taken for one in answers):
                raise
            self.over = True
        return answers

    def _give_up(self, answers: list[SmtpReply]) -> None:
        """Raise for the first negative reply and reset the connection for the next message."""
        if answers[-1].code == _GO_ON:
            self._say(".")  # end the data without a message: RFC 2920, 3.1
            self._answer()
        place = next(n for n, one in enumerate(answers) if not one.taken)
        answer = answers[place]
        self._start_anew(answer)
        refusal = _refusal(answer, _COMMANDS[place])
        if answer.code == _CLOSING:
            raise ConnectionLost(str(refusal), refusal.reply)
        raise refusal

    def _judge(self, answer: SmtpReply) -> None:
        if answer.taken:
            return
        if answer.code < 400 or answer.code >= 600:
            self.over = True
            raise MailUnknown(f"The mail server sent an unknown reply: {answer}")
        self._start_anew(answer)
        raise _refusal(answer, _DATA)

    def _start_anew(self, answer: SmtpReply) -> None:
        """Reset the connection for the next message, or mark it as closed."""
        if self.over or answer.code == _CLOSING:
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


def judge_reply(answer: SmtpReply, command: str, *, on_connecting: bool = False) -> RefusedReply:
    """Return a negative reply with its meaning. Only a permanent reply to RCPT or DATA can be about the address."""
    status = _STATUS.match(answer.words)
    meaning = judge_refusal(
        answer.words, code=answer.code, status=status[0] if status else "", command=command
    )
    about, cause = meaning.about, meaning.cause
    if answer.code == _SIGN_IN_FIRST and cause is not RefusalCause.tls:
        about, cause = RefusalAbout.us, RefusalCause.authentication
    if about is RefusalAbout.address and not (answer.permanent and command in (_RCPT, _DATA)):
        about, cause = (
            (RefusalAbout.us, RefusalCause.sender)
            if answer.permanent
            else (RefusalAbout.passing, RefusalCause.busy)
        )
    return RefusedReply(
        about, cause, str(answer), permanent=answer.permanent, on_connecting=on_connecting
    )


def judge_connection(error: Exception) -> RefusedReply | None:
    """Return what an error of `SmtpSession.begin` says about us, or None if the server was only out of reach."""
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
        reply = judge_reply(SmtpReply(error.smtp_code, text), "", on_connecting=True)
        if isinstance(error, smtplib.SMTPAuthenticationError) and reply.permanent:
            return replace(reply, about=RefusalAbout.us, cause=RefusalCause.authentication)
        return reply
    cause = _fault_of_setup(error)
    if cause is None:
        return None
    return RefusedReply(RefusalAbout.us, cause, str(error), on_connecting=True)


def _fault_of_setup(error: Exception) -> RefusalCause | None:
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return RefusalCause.tls if "STARTTLS" in str(error) else RefusalCause.authentication
    if type(error) is smtplib.SMTPException:  # no method of signing in that both know
        return RefusalCause.authentication
    broken = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError)
    return RefusalCause.tls if isinstance(error, ssl.SSLError) and not broken else None


def _refusal(answer: SmtpReply, command: str) -> MailDelayed | MailRefused:
    reply = judge_reply(answer, command)
    if not answer.permanent:
        return MailDelayed(f"The mail server postponed the message: {answer}", reply=reply)
    if reply.about == RefusalAbout.address:
        words = f"The mail server refused the address: {answer}"
        return MailRefused(words, recipient=True, reply=reply)
    if reply.cause == RefusalCause.size:
        return MailTooLarge(f"The mail server refused the message: {answer}", reply=reply)
    what = "sender" if command == _MAIL else "message"
    return MailDelayed(f"The mail server refused the {what}: {answer}", reply=reply)
