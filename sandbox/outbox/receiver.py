"""A real SMTP server for tests that can reject emails and drop connections on request.

with MailReceiver() as receiver:
    receiver.answer("450 4.2.1 Mailbox busy", to="ada@example.org", times=1)
    receiver.drop(after_data=True)
    ...
    [mail] = receiver.wait_for(1)
"""

import ssl
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.outbox.listener import LOOPBACK, Listener
from sandbox.start_stop import StartStopContext

ACCEPTED = "250 2.0.0 Message accepted"


@dataclass(frozen=True)
class ReceivedMail:
    """One message as received."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes = field(repr=False)
    received_at: datetime

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")


@dataclass
class _Plan:
    """A reply that replaces the usual one. `reply` None drops the connection."""

    reply: str | None
    recipient: str | None
    after_data: bool
    remaining: int | None  # None: every time
    keep: bool

    def matches(self, recipients: list[str]) -> bool:
        return self.remaining != 0 and (self.recipient is None or self.recipient in recipients)


class MailReceiver(StartStopContext):
    """Collect `messages`. `url` is the value for SMTP_URL; `connections` counts connections.

    `smtputf8` accepts internationalized addresses (RFC 6531); `pipelining` accepts grouped commands (RFC 2920); `size`
    is the largest message that it announces and accepts (RFC 1870), by default 32 MB.
    """

    def __init__(
        self,
        *,
        credentials: tuple[str, str] | None = None,
        starttls: ssl.SSLContext | None = None,
        smtputf8: bool = True,
        pipelining: bool = False,
        size: int | None = None,
    ) -> None:
        self._credentials = credentials
        self._listener = Listener(
            self, credentials=credentials, starttls=starttls, smtputf8=smtputf8, size=size
        )
        self._pipelining = pipelining
        self._starttls = starttls is not None
        self._plans: list[_Plan] = []
        self._arrival = threading.Condition()
        self._messages: list[ReceivedMail] = []

    @property
    def messages(self) -> list[ReceivedMail]:
        with self._arrival:
            return list(self._messages)

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def connections(self) -> int:
        return self._listener.connection_count

    @property
    def url(self) -> str:
        account = "{}:{}@".format(*self._credentials) if self._credentials else ""
        return f"smtp://{account}{LOOPBACK}:{self.port}{'?starttls=1' if self._starttls else ''}"

    def answer(
        self,
        reply: str,
        *,
        to: str | None = None,
        after_data: bool = False,
        times: int | None = None,
    ) -> None:
        """Reply to RCPT for `to` (None: everyone), or to the end of DATA, with `reply`."""
        self._plan(_Plan(reply, to, after_data, times, keep=False))

    def drop(
        self,
        *,
        to: str | None = None,
        after_data: bool = False,
        times: int | None = None,
        keep: bool = True,
    ) -> None:
        """Drop the connection at RCPT, or after DATA without a reply.

        The second case is ambiguous for the sender: with `keep` the message was delivered anyway.
        """
        self._plan(_Plan(None, to, after_data, times, keep))

    def hang_up(self) -> None:
        """Drop every open connection."""
        self._listener.hang_up()

    def accept(self) -> None:
        """Go back to accepting everything."""
        with self._arrival:
            self._plans.clear()

    def clear(self) -> None:
        """Go back to accepting everything, and delete all messages."""
        with self._arrival:
            self._plans.clear()
            self._messages.clear()

    def wait_for(self, count: int, timeout: float = 30.0) -> list[ReceivedMail]:
        """Wait for at least `count` messages and return all of them. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        with self._arrival:
            while len(self._messages) < count:
                if not self._arrival.wait(deadline - time.monotonic()):
                    raise TimeoutError(
                        f"{len(self._messages)} of {count} messages after {timeout} s"
                    )
            return list(self._messages)

    def start(self) -> Self:
        self._listener.start()
        return self

    def stop(self) -> None:
        self._listener.stop()

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,
        envelope: Envelope,  # noqa: ARG002
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        more = ["250-PIPELINING"] if self._pipelining else []
        return [*responses[:-1], *more, responses[-1]]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        plan = self._take([address], after_data=False)
        if plan is not None:
            return self._carry_out(plan, server)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Recipient accepted"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        plan = self._take(envelope.rcpt_tos, after_data=True)
        if plan is None or plan.keep:
            self._store(envelope)
        return ACCEPTED if plan is None else self._carry_out(plan, server)

    def _plan(self, plan: _Plan) -> None:
        with self._arrival:
            self._plans.append(plan)

    def _take(self, recipients: list[str], *, after_data: bool) -> _Plan | None:
        with self._arrival:
            for plan in self._plans:
                if plan.after_data is after_data and plan.matches(recipients):
                    if plan.remaining is not None:
                        plan.remaining -= 1
                    return plan
        return None

    def _store(self, envelope: Envelope) -> None:
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = ReceivedMail(
            envelope.mail_from or "", tuple(envelope.rcpt_tos), raw, datetime.now(UTC)
        )
        with self._arrival:
            self._messages.append(mail)
            self._arrival.notify_all()

    @staticmethod
    def _carry_out(plan: _Plan, server: SMTP) -> str:
        if plan.reply is not None:
            return plan.reply
        if server.transport is not None:
            server.transport.close()
        return "421 4.3.2 Connection dropped"
