"""A local mail server that receives, stores and shows emails instead of delivering them.

`python -m sandbox.outbox` runs the viewer. Tests use `MailReceiver`.
"""

from sandbox.outbox.receiver import MailReceiver, ReceivedMail

__all__ = ["MailReceiver", "ReceivedMail"]
