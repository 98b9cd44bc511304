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
        ("campaign/mailer/smtp.py", f"except ( OSError){end}"): (
            "an SMTPException of smtplib is an OSError"
        )
        for end in (":", " as error:")
    },
    **{
        ("campaign/emails/bulk.py", f"self.tried = {number}"): "counted anew when the block ends"
        for number in (1, -1)
    },
    **{
        ("campaign/core/money.py", f"@lru_cache(maxsize= {size})"): _CACHE
        for size in (255, 257, 4095, 4097)
    },
    (
        "campaign/outreach/segments.py",
        "past = select(literal( 2), Donor.email, Donor.name, Donor.locale, null()).where(",
    ): "only that it comes after 0 matters",
    **{
        (
            "campaign/outreach/recipient_counts.py",
            f"reach = now.get(step.key, {number})",
        ): "the step that is open is always counted, even without recipients"
        for number in (1, -1)
    },
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
    ("campaign/receipts/font_coverage.py", "- @cache"): _CACHE,
    (
        "campaign/receipts/font_coverage.py",
        "for index, (first, last) in enumerate(zip(starts, ends, strict=False)):",
    ): "both were read with the same length",
    **{
        ("campaign/receipts/font_coverage.py", line): "the format names one number"
        for line in (
            'places = (struct.unpack_from(">L", font, start + 8 + 8 * n)[ -1] for n in range(encodings))',
            'if struct.unpack_from(">H", font, start + place)[ -1] == 4:',
            'glyph = struct.unpack_from(">H", font, place)[ -1]',
        )
    },
    **{
        ("campaign/receipts/progress_image.py", line): _CACHE
        for line in ("- @lru_cache(maxsize=64)", *(f"@lru_cache(maxsize= {n})" for n in (63, 65)))
    },
    **{
        ("campaign/receipts/progress_image.py", f'"heading_size": 30 if card else {size},'): (
            "without a card there is no heading"
        )
        for size in (20, 22)
    },
    ("campaign/receipts/progress_image.py", '"height": 315 if card else -1,'): (
        "the template takes every height above 0"
    ),
    ("campaign/receipts/receipts.py", ".limit( 2)"): "only the first row is read",
    (
        "campaign/subscriptions/change_requests.py",
        "gift, covered = (amount, fee_cover) if cover_item else (amount + fee_cover, -1)",
    ): "without an item for the fees, their amount is not read",
    (
        "campaign/core/money.py",
        "whole = int(gross.quantize(Decimal( 2), rounding=ROUND_HALF_UP))",
    ): "quantize reads only the exponent of its argument, which is that of 1",
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
