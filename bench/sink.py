"""A mail server that accepts and discards everything: `python -m bench.sink` prints its port. For `bench.mail`."""

import signal
import threading

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.outbox.listener import Listener


class Sink:
    """Accept every message."""

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,  # noqa: ARG002
    ) -> str:
        return "250 2.0.0 Taken"


def main() -> None:
    """Run until terminated."""
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    listener = Listener(Sink())
    listener.start()
    print(listener.port, flush=True)
    over.wait()
    listener.stop()


if __name__ == "__main__":
    main()
