"""Mutants that no test can tell from the original, each with its reason.

Recognized by the module and the mutated line, or by the line that is left out after "- ", so that a shifted line
changes nothing.
"""

_BATCH = "only how many rows are held at once"
_CACHE = "how many results are kept changes no result"
_FLUSH = "the next query or the commit writes the same"
_FIRST = "only the first row is read"
_FASTER = "only how fast the rows are found"
_NO_NULL = "the rows come from fields that are never None"
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
    ("campaign/receipts/receipts.py", ".limit( 2)"): _FIRST,
    **{
        (f"campaign/{module}.py", "- session.flush()"): _FLUSH
        for module in (
            "ledger/disputes",
            "ledger/refund_evidence",
            "reconciliation/payment_lookup",
            "reconciliation/payouts",
            "subscriptions/invoices",
            "subscriptions/subscription_events",
        )
    },
    **{
        (f"campaign/{module}.py", line): _BATCH
        for module, line in (
            ("ledger/exports", "CHUNK = 999"),
            ("ledger/exports", "CHUNK = 1001"),
            ("ledger/exports", "for row in session.execute(query).mappings():"),
            ("ledger/invariants", "with session.execute(text(query), named) as rows:"),
            *(
                (
                    "ledger/invariants",
                    f"with session.execute(text(query).execution_options(yield_per= {size}), named) as rows:",
                )
                for size in (999, 1001)
            ),
            ("reconciliation/fetch_fees", "PAGE = 99"),
            ("reconciliation/fetch_fees", "PAGE = 101"),
            ("reconciliation/payouts", ".execution_options(yield_per= 999)"),
            ("reconciliation/payouts", ".execution_options(yield_per= 1001)"),
            ("reconciliation/payouts", "- .execution_options(yield_per=1000)"),
        )
    },
    **{
        (f"campaign/{module}.py", line): _FIRST
        for module in ("reconciliation/balance_transactions", "reconciliation/candidates")
        for line in (".limit( 2)", "- .limit(1)")
    },
    **{
        (
            "campaign/reconciliation/balance_transactions.py",
            f"Column({column}, nullable=True),",
        ): _NO_NULL
        for column in (
            '"kind", Text',
            '"amount", BigInteger',
            '"currency", Text',
            '"fee", BigInteger',
            '"fee_currency", Text',
            '"created", DateTime(timezone=True)',
            '"source_id", Text',
            '"bare", Boolean',
            '"source", JSONB',
        )
    },
    **{
        ("campaign/reconciliation/balance_transactions.py", line): why
        for line, why in (
            ('Column("payment_intent_id", Text, nullable=True, index=True),', _NO_NULL),
            ('Column("foreign", Boolean, nullable=True, server_default=false()),', _NO_NULL),
            (".having(~func.coalesce(func.bool_or(BALANCE_TRANSACTIONS.c.bare), True))", _NO_NULL),
            ('Column("payment_intent_id", Text, nullable=False, index=False),', _FASTER),
            ('Column("donation_id", BigInteger, index=False),', _FASTER),
            (
                "foreign=donation_id is None or renewal_of is None,",
                "of a payment that has an owner, nobody asks whether it is another's",
            ),
        )
    },
    (
        "campaign/reconciliation/candidates.py",
        "or_(*(place > 1 for place in named)),",
    ): "an event's body begins with a brace, never with a name",
    (
        "campaign/subscriptions/change_requests.py",
        "gift, covered = (amount, fee_cover) if cover_item else (amount + fee_cover, -1)",
    ): "without an item for the fees, their amount is not read",
    (
        "campaign/offline/direct_mail_flow.py",
        "sheets = [sheet_context(batch, one, code) for one, code in zip(found.ready, codes, strict=False)]",
    ): "there is a code for each row",
    (
        "campaign/offline/entry_parsing.py",
        "if faults.found or campaign is None or kind is None and received is None or amount is None:",
    ): "whatever is missing is among the faults",
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
    changed = [line[1:].strip() for line in lines if line.startswith("+") and line[:3] != "+++"]
    added = [line for line in changed if line]
    removed = [f"- {line[1:].strip()}" for line in lines if line[:1] == "-" and line[:3] != "---"]
    if added == [THAWED]:
        return "nobody assigns to its fields"
    left_out = not {*added} - {"", "pass"}
    known = ((module, line) for line in (*added, *(removed if left_out else [])))
    return next((EQUIVALENT[each] for each in known if each in EQUIVALENT), "")
