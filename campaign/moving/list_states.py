"""Whether a person of another system's list is still on it: subscribed, left, unreachable, or something else."""

from enum import StrEnum

from campaign.models import SuppressionReason
from campaign.moving.columns import ColumnMap, ImportField, normalized
from campaign.moving.values import read_yes


class ListState(StrEnum):
    """What a system says about a person. `unknown`: nothing. `outside`: on no list, or not confirmed."""

    unknown = "unknown"
    subscribed = "subscribed"
    outside = "outside"
    unsubscribed = "unsubscribed"
    bounced = "bounced"
    complained = "complained"

    @property
    def reason(self) -> SuppressionReason | None:
        """Return why the address gets no campaign emails here either; None if it may."""
        return _REASONS.get(self)


_REASONS = {
    ListState.unsubscribed: SuppressionReason.unsubscribed,
    ListState.bounced: SuppressionReason.bounced,
    ListState.complained: SuppressionReason.complained,
}
_WORDS = {
    ListState.subscribed: ("subscribed", "enabled", "active", "confirmed", "opted in", "opt in"),
    ListState.unsubscribed: (
        "unsubscribed", "opted out", "opt out", "optout", "blocklisted", "blacklisted", "removed", "do not email",
    ),
    ListState.bounced: ("bounced", "cleaned", "hard bounced", "hard bounce", "invalid", "undeliverable"),
    ListState.complained: ("complained", "complaint", "spam", "spam complaint", "abuse", "abuse complaint"),
    ListState.outside: (
        "unconfirmed", "pending", "non subscribed", "nonsubscribed", "transactional", "archived", "disabled",
        "inactive", "deleted", "never subscribed",
    ),
}  # fmt: skip
_STATES = {word: state for state, words in _WORDS.items() for word in words}

STATE_FIELDS = (
    ImportField(
        "status", "subscribed, unsubscribed, …", also=("subscription status", "email status")
    ),
    ImportField("subscribed", "whether they get emails there"),
    ImportField("blocked", "whether they are blocked there"),
    ImportField(
        "unsubscribed_at", "when they unsubscribed there", also=("unsubscribe date", "opt out date")
    ),
    ImportField("bounced_at", "when their address stopped working", also=("bounce date",)),
    ImportField("deleted_at", "when they were deleted there"),
    ImportField("left_because", "the reason they gave for leaving", also=("unsubscribe reason",)),
    ImportField("left_after", "the email after which they left"),
)
"""Columns that say whether a person is still on the list."""


def says_state(columns: ColumnMap) -> bool:
    """Return whether the file has any column that says so."""
    return any(field.name in columns for field in STATE_FIELDS)


def read_state(columns: ColumnMap, cells: dict[str, str]) -> ListState:
    """Return what a row says. Raises ValueError for a status that is none of the words that we know.

    A moment of leaving counts more than a status, so that nobody is subscribed who left.
    """

    def cell(name: str) -> str:
        return columns.get(cells, name)

    if cell("bounced_at"):
        return ListState.bounced
    if cell("unsubscribed_at"):
        told = normalized(cell("left_because"))
        return (
            ListState.complained
            if "abuse" in told or "complain" in told
            else ListState.unsubscribed
        )
    if cell("deleted_at"):
        return ListState.outside
    if read_yes(cell("blocked")):
        return ListState.unsubscribed
    if cell("subscribed"):
        return ListState.subscribed if read_yes(cell("subscribed")) else ListState.unsubscribed
    return _of_words(cell("status"))


def _of_words(status: str) -> ListState:
    if not status:
        return ListState.unknown
    state = _STATES.get(normalized(status))
    if state is None:
        raise ValueError(f"the status {status!r} is not one we know")
    return state


def why(columns: ColumnMap, cells: dict[str, str], system: str) -> str:
    """Return where and when somebody left, for the list of suppressions: `Mailchimp, 2024-03-01: too many emails`."""
    moment = columns.get(cells, "unsubscribed_at") or columns.get(cells, "bounced_at")
    told = ", ".join(
        filter(None, (columns.get(cells, name) for name in ("left_because", "left_after")))
    )
    return ": ".join(filter(None, [", ".join(filter(None, [system, moment])), told]))[:1000]
