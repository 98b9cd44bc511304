"""Names of the kinds of offline gifts and of reasons for reversing them, for display and for parsing."""

from campaign.models import OfflineKind, ReversalReason

KIND_NAMES = {
    OfflineKind.cheque: "Check",
    OfflineKind.cash: "Cash",
    OfflineKind.donor_advised_fund: "Donor-advised fund",
    OfflineKind.stock: "Stock",
}

_ALIASES = {
    "": OfflineKind.cheque,
    "check": OfflineKind.cheque,
    "daf": OfflineKind.donor_advised_fund,
    "shares": OfflineKind.stock,
}

REVERSAL_REASONS = {
    ReversalReason.bounced: "The bank returned it unpaid",
    ReversalReason.mistake: "It was entered by mistake",
    ReversalReason.returned: "We sent it back to the donor",
}

REVERSAL_TEXTS = {
    ReversalReason.bounced: "returned unpaid",
    ReversalReason.mistake: "entered by mistake",
    ReversalReason.returned: "sent back",
}


def read_kind(text: str) -> OfflineKind | None:
    """Parse a kind from a list or a form: `cheque`, `check`, `Donor-advised fund`; '' is a check. None if unknown."""
    name = "_".join(text.strip().casefold().replace("-", " ").split())
    if name in _ALIASES:
        return _ALIASES[name]
    return OfflineKind(name) if name in set(OfflineKind) else None
