"""One connection to the mail server for a batch of messages; its answers as our errors."""

import smtplib
import ssl
from types import TracebackType
from typing import Self

from campaign.config import SmtpAddress
from campaign.errors import MailDelayed, MailRefused

TIMEOUT = 30
"""Seconds for any one answer of the mail server."""


class Transport:
    """A context manager around one SMTP connection, opened when first needed and again after it was lost."""

    def __init__(self, address: SmtpAddress, envelope_from: str) -> None:
        self._address = address
        self._envelope_from = envelope_from
        self._connection: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def send(self, recipient: str, message: bytes) -> None:
        """Hand `message` over. Raises MailRefused (5xx: for good) or MailDelayed (try again later).

        What is wrong between us and our server (no connection, wrong password, a sender it will not take) is never
        the recipient's fault: such mail waits until it is mended.
        """
        connection = self._connected()
        try:
            connection.sendmail(self._envelope_from, [recipient], message)
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise _by_code(code, words) from error
        except smtplib.SMTPDataError as error:
            raise _by_code(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise MailDelayed(f"The mail server could not be used: {error}") from error

    def _connected(self) -> smtplib.SMTP:
        if self._connection is None:
            try:
                self._connection = self._connect()
            except (smtplib.SMTPException, OSError) as error:
                raise MailDelayed(f"The mail server cannot be reached: {error}") from error
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        address = self._address
        if address.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                address.host, address.port, timeout=TIMEOUT, context=ssl.create_default_context()
            )
        else:
            connection = smtplib.SMTP(address.host, address.port, timeout=TIMEOUT)
        if address.security == "starttls":
            connection.starttls(context=ssl.create_default_context())
        if address.user:
            connection.login(address.user, address.password or "")
        return connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.quit()
        except (smtplib.SMTPException, OSError):
            connection.close()


def _by_code(code: int, words: bytes | str) -> MailDelayed | MailRefused:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    if 500 <= code < 600:
        return MailRefused(f"The mail server refused the message: {code} {said}")
    return MailDelayed(f"The mail server put the message off: {code} {said}")
