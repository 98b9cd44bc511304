"""Mutants that no test can tell from the original, each with its reason.

Recognized by the module and the mutated line, or by the line that is left out after "- ", so that a shifted line
changes nothing.
"""

_BATCH = "only how many rows are held at once"
_CACHE = "how many results are kept changes no result"
_SYNC = "only whether loaded rows are brought up to date, and none of them is read afterwards"
_FLUSHED = "the next query or the commit saves it too"
_GROUP = "a group has rows, so its sum is not NULL"
_TYPE = "a type, which only mypy reads"

EQUIVALENT: dict[tuple[str, str], str] = {
    # (module, mutated line without indentation): why nobody can notice
    ("campaign/outreach/subscribers.py", "CHUNK = 999"): _BATCH,
    ("campaign/outreach/subscribers.py", "CHUNK = 1001"): _BATCH,
    ("campaign/mailer/suppressions.py", "CHUNK = 999"): _BATCH,
    ("campaign/mailer/suppressions.py", "CHUNK = 1001"): _BATCH,
    **{
        (
            "campaign/integrations/endpoints.py",
            f"delivery = WebhookDelivery(endpoint_id=endpoint.id, kind=TEST, subject_key=secrets.token_hex( {length}))",
        ): "a random key of any of these lengths occurs once"
        for length in (7, 9)
    },
    ("campaign/reporting/audit_search.py", "CHUNK = 999"): _BATCH,
    ("campaign/reporting/audit_search.py", "CHUNK = 1001"): _BATCH,
    (
        "campaign/reporting/audit_search.py",
        "query = _filtered(filters).order_by(AuditEntry.id)",
    ): _BATCH,
    (
        "campaign/reporting/dashboard.py",
        "ended = at > campaign.deadline",
    ): "at the deadline no day is left, so there is no forecast",
    (
        "campaign/reporting/dashboard.py",
        "literal_execute=False,",
    ): "only which index the planner may use",
    **{
        (
            "campaign/reporting/dashboard.py",
            f"Subscription.frequency, func.count(), func.coalesce(func.sum(Subscription.amount), {number})",
        ): _GROUP
        for number in (-1, 1)
    },
    **{
        ("campaign/reporting/dashboard.py", line): "this one of the two is not read"
        for line in (
            *(
                f"yearly = sum(found.get(name, ( {number}, 0))[1] * times for name, times in _PERIODS.items())"
                for number in (-1, 1)
            ),
            *(
                f"{name}=found.get(Frequency.{frequency}, (0,{rest}))[0],"
                for name, frequency in (("monthly", "monthly"), ("yearly_gifts", "yearly"))
                for rest in (" -1", " 1", "")
            ),
        )
    },
    **{
        ("campaign/reporting/donor_detail.py", f"{sum_}, {number}),"): _GROUP
        for sum_ in (
            "func.coalesce(func.sum(case((payment, moved), else_=0))",
            "func.coalesce(-func.sum(case((payment, 0), else_=moved))",
        )
        for number in (-1, 1)
    },
    (
        "campaign/reporting/donor_detail.py",
        "select(func.lower(Donation.email)).where(Donation.donor_id.in_(ids))",
    ): "a set is made of them",
    ("campaign/privacy/erasure.py", "- .execution_options(**_WITHOUT_SYNC)"): _SYNC,
    **{
        ("campaign/privacy/erasure.py", line): _SYNC
        for line in (
            'update(Suppression).where(mine).values(detail="")',
            "delete(TributeCard).where(tribute_cards_of(person))",
            "delete(table).where(table.donor_id.in_(ids))",
        )
    },
    (
        "campaign/privacy/event_redaction.py",
        "- .execution_options(synchronize_session=False)",
    ): _SYNC,
    ("campaign/privacy/event_redaction.py", "BATCH_SIZE = 1999"): _BATCH,
    ("campaign/privacy/event_redaction.py", "BATCH_SIZE = 2001"): _BATCH,
    ("campaign/privacy/erasure_requests.py", "- session.flush()"): _FLUSHED,
    ("campaign/privacy/erasure_requests.py", "- .limit(1)"): "only the first row is read",
    ("campaign/privacy/erasure_requests.py", ".limit( 2)"): "only the first row is read",
    **{
        ("campaign/staff/passwords.py", f"fewest = [[{start}]]"): (
            "no path that begins with words left over is shorter than the one that begins with all"
        )
        for start in ("0, 1, 0, 0", "0, 0, 1, 0", "0, 0, 0, 1")
    },
    **{
        (f"campaign/backup/{module}.py", f"BLOCK = {size}"): _BATCH
        for module in ("dump", "verify")
        for size in ("0 << 18", "2 << 18", "1 << 17", "1 << 19")
    },
    **{
        (
            "campaign/backup/dump.py",
            f'with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel= {level}) as archive:',
        ): "how well it is compressed changes nothing that is read from it"
        for level in (3, 5)
    },
    **{
        (
            "campaign/backup/manifest.py",
            f"return json.dumps(fields, indent= {width}).encode()",
        ): "the space between values means nothing in JSON"
        for width in (0, 2)
    },
    (
        "campaign/backup/manifest.py",
        '- "extra_float_digits": "1",',
    ): "no column has a floating-point number; a backup of a later version may",
    ("campaign/backup/raw_connection.py", "ReportProgress = Callable[[ int], None]"): _TYPE,
    ("campaign/backup/raw_connection.py", "ReportProgress = Callable[[str,], None]"): _TYPE,
    **{
        ("campaign/core/money.py", f"@lru_cache(maxsize= {size})"): _CACHE
        for size in (255, 257, 4095, 4097)
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
    changed = [line[1:].strip() for line in lines if line.startswith("+") and line[:3] != "+++"]
    added = [line for line in changed if line]
    removed = [f"- {line[1:].strip()}" for line in lines if line[:1] == "-" and line[:3] != "---"]
    if added == [THAWED]:
        return "nobody assigns to its fields"
    known = ((module, line) for line in (*added, *([] if added else removed)))
    return next((EQUIVALENT[each] for each in known if each in EQUIVALENT), "")
