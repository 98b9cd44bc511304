"""The words that stand on paper only, by language; everything else that paper says is in the letters' catalogs."""

from campaign.words import ENGLISH, Words

_LABELS = {
    "en": {
        "corrected": "Corrected receipt",
        "void": "Void receipt",
        "acknowledgment": "Acknowledgment",
        "void_acknowledgment": "Void acknowledgment",
        "in_place_of": "In place of receipt",
        "replaced": "Replaced: receipt %(number)s stands in its place. This one can no longer be used for taxes.",
        "voided_grant": "Void: nothing is left of this grant.",
        "voided": "Void: nothing is left of this gift, and no receipt of it can be used for taxes.",
    },
    "es": {
        "corrected": "Recibo corregido",
        "void": "Recibo anulado",
        "acknowledgment": "Constancia",
        "void_acknowledgment": "Constancia anulada",
        "in_place_of": "En lugar del recibo",
        "replaced": "Sustituido: vale en su lugar el recibo %(number)s. Este ya no sirve para los impuestos.",
        "voided_grant": "Anulada: no queda nada de esta subvención.",
        "voided": "Anulado: no queda nada de este donativo, y ningún recibo suyo sirve para los impuestos.",
    },
}


def label(name: str, said: Words) -> str:
    """The words called `name` in the language of `said`; in English where it has none."""
    return _LABELS.get(said.locale, _LABELS[ENGLISH])[name]
