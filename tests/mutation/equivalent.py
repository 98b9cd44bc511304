"""Mutants that no test can tell from the original, each with its reason.

Recognized by the module and the mutated line, or by the line that is left out after "- ", so that a shifted line
changes nothing.
"""

_BATCH = "only how many rows are held at once"
_CACHE = "how many results are kept changes no result"

EQUIVALENT: dict[tuple[str, str], str] = {
    # (module, mutated line without indentation): why nobody can notice
    ("campaign/outreach/subscribers.py", "CHUNK = 999"): _BATCH,
    ("campaign/outreach/subscribers.py", "CHUNK = 1001"): _BATCH,
    ("campaign/mailer/suppressions.py", "CHUNK = 999"): _BATCH,
    ("campaign/mailer/suppressions.py", "CHUNK = 1001"): _BATCH,
    **{
        ("campaign/core/money.py", f"@lru_cache(maxsize= {size})"): _CACHE
        for size in (255, 257, 4095, 4097)
    },
    **{("campaign/core/money.py", f"- @lru_cache(maxsize={size})"): _CACHE for size in (256, 4096)},
    **{
        ("campaign/core/money.py", f"while {condition}:"): "no currency's minimum is in between"
        for condition in (
            "unit * 11 < usual_minimum(currency) * 2",
            "unit * 10 < usual_minimum(currency) + 2",
        )
    },
    (
        "campaign/core/money.py",
        "for sign in sorted(signs, key=lambda sign: (-len(sign),)):",
    ): "of two signs of one length, at most one fits",
    (
        "campaign/core/money.py",
        '"usd": 50, "aed": 200, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "czk": 1500,',
    ): "the lev's minimum is the default of one unit",
    (
        "campaign/core/money.py",
        "places = -1 if amount == amount.to_integral_value() else decimals(currency)",
    ): "a pattern that ends with a point writes none, as without decimals",
    (
        "campaign/outreach/recipient_counts.py",
        "elif window and at <= window.due < window.closes:",
    ): "a window that begins now is open and was counted before",
    (
        "campaign/outreach/recipient_counts.py",
        "for step in sorted(every, key=lambda one: (schedule.due_at(campaign, one),)):",
    ): "the steps come by id, and sorting keeps the order of equals",
    (
        "campaign/campaigns/finalization.py",
        "return union_all(payments, select(other.id))",
    ): "only narrows down what `_late` checks again, so that it reads fewer rows",
    ("campaign/receipts/receipts.py", ".limit( 2)"): "only the first row is read",
    (
        "campaign/subscriptions/change_requests.py",
        "gift, covered = (amount, fee_cover) if cover_item else (amount + fee_cover, -1)",
    ): "without an item for the fees, their amount is not read",
    **{
        (
            "campaign/core/money.py",
            f"whole = int(gross.quantize(Decimal( {number}), rounding=ROUND_HALF_UP))",
        ): "quantize reads only the exponent of its argument, which is that of 1"
        for number in (0, 2)
    },
}

THAWED = "@dataclass(frozen=False)"
"""No code assigns to a field of a frozen class, as mypy checks; where one is hashed, a test fails."""


def reason(diff: str) -> str:
    """Return why the mutant of this diff behaves like the original, or "" if it does not."""
    lines = diff.splitlines()
    module = next((line[6:] for line in lines if line.startswith("+++ b/")), "")
    added = [line[1:].strip() for line in lines if line.startswith("+") and line[:3] != "+++"]
    removed = [f"- {line[1:].strip()}" for line in lines if line[:1] == "-" and line[:3] != "---"]
    if added == [THAWED]:
        return "nobody assigns to its fields"
    known = ((module, line) for line in (*added, *([] if added else removed)))
    return next((EQUIVALENT[each] for each in known if each in EQUIVALENT), "")
