"""A mail server's negative reply, as it was judged. `campaign.mailer.refusal_meaning` has the judgment's words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RefusedReply:
    """Whom the reply is about (us, passing, address), why, and the server's words with its code in front.

    `permanent`: its code was 5xx. `on_connecting`: it came before any message, so it concerns every message.
    """

    about: str
    cause: str
    words: str
    permanent: bool = True
    on_connecting: bool = False
