"""Where mail goes on a machine without a mail host: received for real, kept, and shown.

`python -m sandbox.outbox` is the viewer; `MailReceiver` is the same receiving side for tests.
"""

from sandbox.outbox.receiver import MailReceiver, ReceivedMail

__all__ = ["MailReceiver", "ReceivedMail"]
