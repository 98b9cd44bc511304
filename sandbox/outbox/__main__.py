"""`python -m sandbox.outbox --http-port 0 --smtp-port 0 --data DIR`: receive, store and show emails."""

import argparse
import logging
import signal
import sys
from pathlib import Path
from types import FrameType

from aiosmtpd.smtp import SMTP, Envelope, Session
from werkzeug.serving import make_server

from sandbox.outbox.listener import LOOPBACK, Listener
from sandbox.outbox.mailbox import Mailbox
from sandbox.outbox.viewer import create_viewer


class StoringHandler:
    """Store every email that arrives."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        email = self._mailbox.save(envelope.mail_from or "", list(envelope.rcpt_tos), raw)
        return f"250 2.0.0 Stored as {email.id}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.outbox", description=__doc__)
    parser.add_argument(
        "--http-port", type=int, default=0, help="port of the viewer; 0 picks a free port"
    )
    parser.add_argument(
        "--smtp-port", type=int, default=0, help="port of the mail server; 0 picks a free port"
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="folder for the emails"
    )
    args = parser.parse_args()
    # The page polls; a log line for each request would hide everything else.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    mailbox = Mailbox(args.data)
    listener = Listener(StoringHandler(mailbox))
    try:
        listener.start(args.smtp_port)
        web = make_server(LOOPBACK, args.http_port, create_viewer(mailbox), threaded=True)
    except OSError as error:
        print(f"outbox: {error.strerror}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, stop)
    print(f"SMTP: smtp://{LOOPBACK}:{listener.port}", flush=True)
    print(f"Outbox: http://{LOOPBACK}:{web.server_port}/", flush=True)
    try:
        web.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        listener.stop()
    return 0


def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
