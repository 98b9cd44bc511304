"""What Stripe calls the languages in which its pages may speak."""

_SPOKEN = (
    *("bg", "cs", "da", "de", "el", "es", "et", "fi", "fil", "fr", "hr", "hu", "id", "it", "ja"),
    *("ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "th"),
    *("tr", "vi", "zh"),
)
_IN_THE_AMERICAS = {"es": "es-419", "pt": "pt-BR"}


def stripe_language(tag: str) -> str:
    """The `locale` of a page for a reader of the language `tag`, a BCP 47 tag as `campaign.core.i18n` has it.

    English is spoken to whoever chose nothing: then the browser decides, as for languages that Stripe lacks.
    https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-locale
    """
    return _IN_THE_AMERICAS.get(tag, tag if tag in _SPOKEN else "auto")
