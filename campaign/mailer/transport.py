"""One connection to the mail server for a batch of messages. Its replies become our errors.

`SmtpSession` implements the SMTP dialog.
"""

import smtplib
from types import TracebackType
from typing import Self
from uuid import uuid4

from campaign.core.errors import MailDelayed
from campaign.core.settings import SmtpAddress
from campaign.mailer.addresses import wire_address
from campaign.mailer.refusal_meaning import RefusalCause
from campaign.mailer.smtp import ConnectionLost, SmtpSession, judge_connection


class Transport:
    """A context manager for one SMTP connection, opened when first needed and reopened after it was lost."""

    def __init__(self, address: SmtpAddress, envelope_from: str) -> None:
        self._address = address
        self._envelope_from = envelope_from
        self._conversation: SmtpSession | None = None
        self.connection = ""
        """Identifies the last connection, among those of all workers."""
        self.unreachable: MailDelayed | None = None
        """Why the last connection failed; None if it did not."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def open(self) -> SmtpSession:
        """Return the connection, opening it if necessary. Raise MailDelayed if the server cannot be reached.

        A problem between us and our server (no connection, wrong password) is never the recipient's fault, so the
        message waits until it is fixed.
        """
        if self._conversation is None:
            try:
                self.connection = uuid4().hex
                self._conversation = SmtpSession.begin(self._address)
            except (smtplib.SMTPException, OSError) as error:
                reply = judge_connection(error)
                words = reply.words if reply else str(error)
                self.unreachable = MailDelayed(
                    f"The mail server cannot be reached: {words}", reply=reply
                )
                raise self.unreachable from error
            self.unreachable = None
        return self._conversation

    def send(self, recipient: str, message: bytes, envelope_from: str = "") -> None:
        """Send `message`.

        Raise MailRefused (the address is at fault), MailDelayed (certainly not sent, for another reason), MailTooLarge
        or MailUnknown (the connection broke and the message may have been sent). `envelope_from` is the bounce address,
        if not the default.
        """
        wired = wire_address(recipient)
        sender = wire_address(envelope_from or self._envelope_from)
        if self._conversation is not None:
            try:
                self._try(sender, wired, message)
            except ConnectionLost:
                pass
            except MailDelayed as error:
                if error.reply is None or error.reply.cause != RefusalCause.rate:
                    raise
            else:
                return
            # The server closed the connection because it was idle, or had carried as many messages as the server
            # wants on one. That says nothing about this message.
            self._close()
        try:
            self._try(sender, wired, message)
        except ConnectionLost as lost:
            raise MailDelayed(str(lost), reply=lost.reply) from lost

    def _try(self, sender: str, recipient: str, message: bytes) -> None:
        smtp_session = self.open()
        try:
            smtp_session.send(sender, recipient, message)
        finally:
            if smtp_session.over:
                self._close()

    def _close(self) -> None:
        smtp_session, self._conversation = self._conversation, None
        if smtp_session is not None:
            smtp_session.end()
