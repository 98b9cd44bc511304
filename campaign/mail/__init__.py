"""Letters: rendered from templates, built as messages, handed to the mail server."""

from campaign.mail.message import build_message
from campaign.mail.render import Letter, render_letter
from campaign.mail.transport import Transport

__all__ = ["Letter", "Transport", "build_message", "render_letter"]
