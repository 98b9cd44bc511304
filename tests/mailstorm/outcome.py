"""What came of a storm, and each thing in it that must not be."""

from collections import Counter
from dataclasses import dataclass, field

from campaign.models import OutboxMessage


@dataclass
class Outcome:
    """What came of it. `arrived` counts the receiving server's letters by Message-ID."""

    kills: int = 0
    at_the_letter: int = 0
    arrived: Counter[str] = field(default_factory=Counter)
    rows: list[OutboxMessage] = field(default_factory=list)

    def faults(self) -> list[str]:
        """Each thing that must not be, a sentence each."""
        known = {row.message_id for row in self.rows}
        found = [f"{name} is no message of ours" for name in self.arrived.keys() - known]
        for row in self.rows:
            number = self.arrived[row.message_id]
            if row.state not in ("sent", "failed"):
                found.append(f"{row.message_id} is {row.state}: {row.last_error}")
            if row.bulk and number > 1:
                found.append(f"{row.message_id}, an appeal, arrived {number} times")
            if row.state == "sent" and not number:
                found.append(f"{row.message_id} is sent, and did not arrive")
            if not row.bulk and row.state != "sent":
                found.append(f"{row.message_id}, a receipt, is {row.state}: {row.last_error}")
            if row.state == "failed" and "may have arrived" not in (row.last_error or ""):
                found.append(f"{row.message_id} failed: {row.last_error}")
        return found

    def lines(self) -> list[str]:
        """The account of it."""
        appeals = [row for row in self.rows if row.bulk]
        receipts = [row for row in self.rows if not row.bulk]
        unsure = [row for row in appeals if row.state == "failed"]
        did = sum(self.arrived[row.message_id] for row in unsure)
        again = sum(self.arrived[row.message_id] > 1 for row in receipts)
        twice = sum(self.arrived[row.message_id] > 1 for row in appeals)
        came = sum(self.arrived[row.message_id] > 0 for row in receipts)
        return [
            f"kills: {self.kills}, {self.at_the_letter} of them with the letter at the server",
            f"appeals: {len(appeals)}, sent {len(appeals) - len(unsure)}, twice {twice}",
            f"appeals that may have arrived: {len(unsure)}, {did} of them did",
            f"receipts: {len(receipts)}, arrived {came}",
            f"receipts that came again under the same Message-ID: {again}",
        ]
