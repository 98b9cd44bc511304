"""The README of an export of everything: what each file holds and what each column means."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Table


class DescribedFile(Protocol):
    """A file of an export, as far as its README names it."""

    @property
    def name(self) -> str: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def rows(self) -> int: ...


_FILES = {
    "donations.csv": "every gift, one a row, failed and pending ones too",
    "donors.csv": "everybody with a paid gift",
    "ledger.csv": "every entry of the books; the sum of `amount` over a campaign is what it raised",
    "receipts.csv": "every receipt, corrected and voided ones too",
    "monthly-gifts.csv": "monthly and yearly gifts, with their ids at Stripe, where they are charged",
    "campaigns.csv": "the campaigns and the texts of their appeals",
    "subscribers.csv": "people who agreed to campaign emails, and how; `campaign import people` reads it",
    "suppressions.csv": "addresses that get no campaign emails; `campaign import suppressions` reads it",
}
_MEANINGS = {
    "amount": "minor units of `currency` (cents), an integer; without the fees that the donor covered",
    "appeal": "the appeal's text, Markdown",
    "balance_transaction": "Stripe's id",
    "campaign": "the campaign's slug; empty in `suppressions.csv` for all campaigns",
    "code": "where the gift came from",
    "consent_at": "when they agreed",
    "consent_source": "where they agreed",
    "consent_wording": "the words they agreed to",
    "cover": "fees that the donor covered, in minor units",
    "currency": "ISO 4217 code in lower case",
    "detail": "what is known about it",
    "donation_id": "the `id` in `donations.csv`",
    "donations": "how many paid gifts",
    "exchange_rate": "as Stripe gave it, for a converted gift",
    "fee": "what the processor kept, in minor units of the row's currency",
    "final_raised": "the final result, in minor units",
    "frequency": "`one_time`, `monthly` or `yearly`",
    "goal": "in minor units",
    "kind": "what kind of entry or receipt it is",
    "locale": "language code",
    "number": "the receipt's number",
    "occurred_at": "when the money moved",
    "reason": "why, as staff or the system recorded it",
    "receipt_number": "the number of its receipt",
    "recorded_at": "when it was booked",
    "recorded_by": "by whom",
    "replaces": "the receipt that this one corrects or voids",
    "settled_amount": "what Stripe's balance got for a converted gift, in minor units",
    "settled_currency": "its currency",
    "source": "what the entry was booked from",
    "state": "its state",
    "stripe_balance_transaction": "Stripe's id of the balance transaction",
    "stripe_customer": "Stripe's id of the customer",
    "stripe_id": "Stripe's id of the subscription",
    "stripe_payment_intent": "Stripe's id of the payment",
    "timezone": "IANA name",
}
_INTRODUCTION = """\
# Everything of this installation, in open formats

Written on {moment} from one consistent snapshot, at migration {revision}.

- Text is UTF-8. Times are ISO 8601 with their offset. Amounts are integers in minor units beside an ISO 4217 code in
  lower case: `2500` and `usd` are $25.00.
- CSV files are as RFC 4180 describes: a header, commas, quotation marks where needed. A text that a spreadsheet would
  run as a formula has an apostrophe before it.
- `tables/` has every table of the database as JSON lines, one object a row, exactly as it is stored. `id` columns and
  columns that end in `_id` connect them.
- `SHA256SUMS` has a checksum of each file: `sha256sum -c SHA256SUMS`.
- Not included: passwords, second factors, sessions, API tokens, secrets of webhooks, and the tokens in the links of
  receipts and donors' pages. Cards are only at Stripe: monthly gifts go on there.
- These files contain names, addresses and what people gave. Keep them as you keep the database.
"""


def readme(
    files: Sequence[DescribedFile], tables: Sequence[Table], at: datetime, revision: str
) -> str:
    """Return the README, in Markdown."""
    moment = at.strftime("%Y-%m-%d %H:%M:%S UTC")
    parts = [_INTRODUCTION.format(moment=moment, revision=revision)]
    by_name = {f"tables/{table.name}.jsonl": table for table in tables}
    for one in files:
        described = by_name.get(one.name)
        lines = [
            f"## {one.name}",
            "",
            f"{one.rows:,} rows" + (f": {_FILES[one.name]}." if one.name in _FILES else "."),
            "",
        ]
        lines += ["| column | contains |", "|---|---|"]
        lines += [f"| `{name}` | {_meaning(name, described)} |" for name in one.columns]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _meaning(name: str, table: Table | None) -> str:
    if table is None:
        return _MEANINGS.get(name) or ("when" if name.endswith("_at") else name.replace("_", " "))
    column = table.columns[name]
    parts = [str(column.type).lower()]
    parts += [f"refers to `{key.target_fullname}`" for key in column.foreign_keys]
    return ", ".join([*parts, "may be null"] if column.nullable else parts)
