"""Stripe's names for the languages of its pages."""

_SUPPORTED = (
    *("bg", "cs", "da", "de", "el", "es", "et", "fi", "fil", "fr", "hr", "hu", "id", "it", "ja"),
    *("ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "th"),
    *("tr", "vi", "zh"),
)
_IN_THE_AMERICAS = {"es": "es-419", "pt": "pt-BR"}


def stripe_language(tag: str) -> str:
    """Return the `locale` of a Stripe page for the language `tag`, a BCP 47 tag as in `campaign.core.i18n`.

    Return `auto`, so that the browser decides, for languages that Stripe lacks and for English, which is also our
    default for people who chose no language.
    https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-locale
    """
    return _IN_THE_AMERICAS.get(tag, tag if tag in _SUPPORTED else "auto")
