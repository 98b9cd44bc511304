"""The outcome of a storm and its faults."""

from collections import Counter
from dataclasses import dataclass, field

from campaign.models import OutboxMessage


@dataclass
class Outcome:
    """The outcome. `arrived` counts the emails on the receiving server by Message-ID."""

    kills: int = 0
    during_transfer: int = 0
    arrived: Counter[str] = field(default_factory=Counter)
    rows: list[OutboxMessage] = field(default_factory=list)

    def faults(self) -> list[str]:
        """Return one sentence for each fault."""
        known = {row.message_id for row in self.rows}
        found = [f"{name} is an unknown message" for name in self.arrived.keys() - known]
        for row in self.rows:
            number = self.arrived[row.message_id]
            if row.state not in ("sent", "failed"):
                found.append(f"{row.message_id} is {row.state}: {row.last_error}")
            if row.bulk and number > 1:
                found.append(f"{row.message_id}, an appeal, arrived {number} times")
            if row.state == "sent" and not number:
                found.append(f"{row.message_id} is marked as sent but did not arrive")
            if not row.bulk and row.state != "sent":
                found.append(f"{row.message_id}, a receipt, is {row.state}: {row.last_error}")
            if row.state == "failed" and "may have arrived" not in (row.last_error or ""):
                found.append(f"{row.message_id} failed: {row.last_error}")
        return found

    def lines(self) -> list[str]:
        """Return the report, one line per figure."""
        appeals = [row for row in self.rows if row.bulk]
        receipts = [row for row in self.rows if not row.bulk]
        unsure = [row for row in appeals if row.state == "failed"]
        arrived_anyway = sum(self.arrived[row.message_id] for row in unsure)
        repeated = sum(self.arrived[row.message_id] > 1 for row in receipts)
        twice = sum(self.arrived[row.message_id] > 1 for row in appeals)
        arrived = sum(self.arrived[row.message_id] > 0 for row in receipts)
        return [
            f"kills: {self.kills}, {self.during_transfer} of them during the transfer of an email",
            f"appeals: {len(appeals)}, sent {len(appeals) - len(unsure)}, twice {twice}",
            f"appeals that may have arrived: {len(unsure)}, {arrived_anyway} of them did",
            f"receipts: {len(receipts)}, arrived {arrived}",
            f"receipts that arrived again with the same Message-ID: {repeated}",
        ]
