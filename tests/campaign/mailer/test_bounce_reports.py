"""Parsing the reports that mail systems send."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.errors import ReportInvalid
from campaign.mailer.bounce_reports import BounceFinding, BounceReport, read_report
from tests.support.bounce_reports import (
    BOUNCES,
    DELAYED,
    EXCHANGE,
    EXIM,
    GMAIL,
    MESSAGE_ID,
    ORIGINAL,
    POSTFIX,
    TOKEN,
    complaint,
    delivery,
)


def read(raw: bytes, bounces: str = BOUNCES) -> BounceReport:
    found = read_report(raw, bounces)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("fields", "finding", "status"),
    [
        (POSTFIX, BounceFinding.permanent, "5.1.1"),
        (EXIM.format("550 5.1.1 no such user"), BounceFinding.permanent, "5.1.1"),
        (EXIM.format("550 No such user here"), BounceFinding.permanent, "5.0.0"),
        (EXIM.format("550 5.7.1 looks like spam"), BounceFinding.soft, "5.7.1"),
        (EXIM.format("550 Mail refused by our policy"), BounceFinding.soft, "5.0.0"),
        (EXIM.format("552 mailbox is full"), BounceFinding.soft, "5.0.0"),
        (GMAIL, BounceFinding.permanent, "5.1.1"),
        (
            EXCHANGE.format("5.1.10", "550 5.1.10 RecipientNotFound"),
            BounceFinding.permanent,
            "5.1.10",
        ),
        (EXCHANGE.format("5.5.0", "550 mailbox unavailable"), BounceFinding.permanent, "5.5.0"),
        (EXCHANGE.format("5.4.300", "550 5.4.300 Message expired"), BounceFinding.soft, "5.4.300"),
        (EXCHANGE.format("5.7.1", "550 5.7.1 not authorized"), BounceFinding.soft, "5.7.1"),
        (EXCHANGE.format("5.2.2", "552 5.2.2 mailbox full"), BounceFinding.soft, "5.2.2"),
        (EXCHANGE.format("5.1.8", "550 5.1.8 bad sender"), BounceFinding.soft, "5.1.8"),
        ("Action: failed\nStatus: 4.4.7", BounceFinding.soft, "4.4.7"),
        ("Action: failed (bad)\nStatus: 5.1.1 (no such user)", BounceFinding.permanent, "5.1.1"),
        (DELAYED, BounceFinding.soft, "4.4.1"),
        ("Action: delivered\nStatus: 2.1.5", BounceFinding.nothing, "2.1.5"),
    ],
)
def test_the_status_decides_what_a_bounce_means(
    fields: str, finding: BounceFinding, status: str
) -> None:
    found = read(delivery(fields))
    assert found.finding is finding
    assert found.detail.startswith(status)
    assert found.tokens == (TOKEN,)
    assert found.message_ids == (MESSAGE_ID,)


def test_the_gravest_of_several_recipients_counts() -> None:
    two = f"{DELAYED}\n\nFinal-Recipient: rfc822; ben@example.org\nAction: failed\nStatus: 5.1.1"
    assert read(delivery(two)).finding is BounceFinding.permanent


def test_an_international_report_is_read() -> None:
    raw = delivery(POSTFIX).replace(b"message/delivery-status", b"message/global-delivery-status")
    assert read(raw).finding is BounceFinding.permanent


def test_the_returned_message_names_it_where_no_envelope_does() -> None:
    whole = f"Content-Type: message/rfc822\n\n{ORIGINAL}\nNine days are left."
    found = read(delivery(POSTFIX, to="receipts@harbor-ledger.example", original=whole))
    assert (found.tokens, found.message_ids) == ((), (MESSAGE_ID,))


@pytest.mark.parametrize(
    "to", [f"bounces+{TOKEN}@elsewhere.example", f"other+{TOKEN}@mail.harbor-ledger.example"]
)
def test_a_token_counts_only_at_our_own_mailbox(to: str) -> None:
    assert read(delivery(POSTFIX, to=to)).tokens == ()
    assert read(delivery(POSTFIX), bounces="").tokens == ()


def test_a_complaint_is_read_though_its_recipient_is_left_out() -> None:
    found = read(complaint())
    assert found.finding is BounceFinding.complaint
    assert found.detail == "abuse, reported by Yahoo!-Mail-Feedback/2.0"
    assert (found.tokens, found.message_ids) == ((TOKEN,), (MESSAGE_ID,))
    assert read(complaint("not-spam")).finding is BounceFinding.nothing


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00 no mail at all",
        b"Subject: Out of office\nAuto-Submitted: auto-replied\n\nI am away.\n",
        b"Subject: WIN\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nbuy\n",
        b"Subject: =?utf-8?b?broken\nFrom: <<>>@@\nContent-Type: ;;;\n\nspam\n",
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\n"
        + delivery(POSTFIX),
    ],
)
def test_other_mail_is_no_report(raw: bytes) -> None:
    assert read_report(raw, BOUNCES) is None


def test_a_report_that_says_nothing_is_refused() -> None:
    cut = delivery(POSTFIX).partition(b"--b1\nContent-Type: message")[0]
    for raw in (cut, delivery("Remote-MTA: dns; mx.example.org")):
        with pytest.raises(ReportInvalid, match="cannot be read"):
            read_report(raw, BOUNCES)


def test_a_report_that_is_cut_off_or_has_odd_headers_is_still_read() -> None:
    raw = delivery(POSTFIX).partition(b"--b1\nContent-Type: text/rfc822-headers")[0]
    odd = b"Subject: \xe9\xff\nDate: yesterday\nX-Odd: \x00\x80\nTo: \xff <bad\n" + raw
    assert read(odd).tokens == (TOKEN,)


def test_a_token_is_read_as_it_was_written_however_the_mailbox_is() -> None:
    shouted = f"BOUNCES+{TOKEN}@Mail.Harbor-Ledger.EXAMPLE"
    assert read(delivery(POSTFIX, to=f"Bounces <{shouted}>")).tokens == (TOKEN,)


@pytest.mark.parametrize("token", ["", "short", "x" * 65, "with.dot1", "spaced token"])
def test_what_no_token_of_ours_looks_like_is_none(token: str) -> None:
    to = f"bounces+{token}@mail.harbor-ledger.example"
    assert read(delivery(POSTFIX, to=to)).tokens == ()


def test_names_within_a_message_that_was_returned_whole_are_not_believed() -> None:
    inner = f"{ORIGINAL}\nMessage-ID: <forged@harbor-ledger.example>\n"
    whole = f"Content-Type: message/rfc822\n\n{inner}"
    assert read(delivery(POSTFIX, original=whole)).message_ids == (MESSAGE_ID,)


def test_at_most_twenty_names_are_followed() -> None:
    ids = " ".join(f"<{number}@harbor-ledger.example>" for number in range(30))
    part = f"Content-Type: text/rfc822-headers\n\nMessage-ID: {ids}\n"
    found = read(delivery(POSTFIX, original=part)).message_ids
    assert found == tuple(f"<{number}@harbor-ledger.example>" for number in range(20))


@pytest.mark.parametrize("kind", ["ABUSE", "fraud", "opt-out", "opt-out-list"])
def test_every_way_to_complain_is_a_complaint(kind: str) -> None:
    assert read(complaint(kind)).finding is BounceFinding.complaint


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        # A mailbox that is full, a sender that is not wanted or a timeout will pass; their neighbors will not.
        ("5.1.7", False),
        ("5.1.8", False),
        ("5.2.2", False),
        ("5.2.3", False),
        ("5.2.121", False),
        ("5.2.122", False),
        ("5.4.7", False),
        ("5.4.300", False),
        ("5.1.1", True),
        ("5.1.2", True),
        ("5.1.6", True),
        ("5.1.10", True),
        # A locked mailbox may be opened again, and what is undefined says nothing.
        ("5.1.0", False),
        ("5.2.0", False),
        ("5.2.1", False),
        ("5.4.4", False),
        ("5.0.0", False),
        ("5.5.0", False),
        # System, protocol, content and policy say nothing about the address.
        ("5.3.0", False),
        ("5.5.1", False),
        ("5.6.0", False),
        ("5.7.1", False),
        ("4.1.1", False),
        ("2.0.0", False),
    ],
)
def test_only_what_lasts_and_concerns_the_address_is_permanent(
    status: str, permanent: bool
) -> None:
    found = read(delivery(f"Action: failed\nStatus: {status}"))
    assert (found.finding is BounceFinding.permanent) is permanent
    assert found.detail == f"{status} failed"


@pytest.mark.parametrize(
    "words",
    [
        "over quota", "Mailbox full", "mailbox is FULL", "this is spam", "you are blocked",
        "on a blacklist", "by policy", "bad reputation", "SPF fails", "no DKIM", "DMARC", "too large",
    ],
)  # fmt: skip
def test_a_refusal_whose_words_are_about_something_passing_is_temporary(words: str) -> None:
    for status in ("5.0.0", "5.5.0", "5.1.1"):
        fields = f"Action: failed\nStatus: {status}\nDiagnostic-Code: smtp; 550 {words}"
        assert read(delivery(fields)).finding is BounceFinding.soft


@pytest.mark.parametrize(
    ("status", "diagnostic", "used"),
    [
        ("5.0.0", "550 5.1.1 gone", "5.1.1"),
        ("5.0.0", "450 4.2.1 busy", "5.0.0"),
        ("5.2.1", "550 5.1.1 gone", "5.2.1"),
        ("", "550 5.1.1 gone", "5.1.1"),
        ("5.1.1", "from 10.5.1.1 by 5.7.1.9", "5.1.1"),
        ("", "550 from 10.5.1.1", ""),
    ],
)
def test_the_closer_status_is_used_and_an_ip_address_is_none(
    status: str, diagnostic: str, used: str
) -> None:
    fields = f"Action: failed\nStatus: {status}\nDiagnostic-Code: smtp; {diagnostic}"
    detail = read(delivery(fields)).detail
    assert detail == f"{used} smtp; {diagnostic}".strip()


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_what_arrived_is_no_bounce(action: str) -> None:
    found = read(delivery(f"Action: {action}\nStatus: 5.1.1"))
    assert found.finding is BounceFinding.nothing


@pytest.mark.parametrize(
    "header", ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To"]
)
def test_the_mailbox_that_was_written_to_is_found_in_each_header(header: str) -> None:
    raw = delivery(POSTFIX, to="someone@elsewhere.example")
    assert read(raw).tokens == ()
    assert read(
        f"{header}: bounces+{TOKEN}@mail.harbor-ledger.example\n".encode() + raw
    ).tokens == (TOKEN,)


@pytest.mark.parametrize(
    ("media_type", "whole"),
    [
        ("message/rfc822", True),
        ("message/global", True),
        ("text/rfc822-headers", False),
        ("message/global-headers", False),
    ],
)
def test_a_returned_message_is_known_by_its_id_and_its_return_path(
    media_type: str, whole: bool
) -> None:
    path = f"Return-Path: <bounces+{TOKEN}@mail.harbor-ledger.example>\n"
    part = f"Content-Type: {media_type}\n\n{path}{ORIGINAL}" + ("\nNine days" if whole else "")
    found = read(delivery(POSTFIX, to="receipts@harbor-ledger.example", original=part))
    assert (found.tokens, found.message_ids) == ((TOKEN,), (MESSAGE_ID,))


def test_a_reply_to_our_message_names_it() -> None:
    raw = delivery(POSTFIX, original="Content-Type: text/plain\n\nnothing")
    assert read(raw).message_ids == ()
    assert read(f"In-Reply-To: {MESSAGE_ID}\n".encode() + raw).message_ids == (MESSAGE_ID,)


@pytest.mark.parametrize("kind", ["not-spam", "virus", "other", "auth-failure", "dismissed"])
def test_other_feedback_suppresses_nobody(kind: str) -> None:
    found = read(complaint(kind))
    assert found.finding is BounceFinding.nothing
    assert found.detail == f"{kind}, reported by Yahoo!-Mail-Feedback/2.0"


REPORTS = [delivery(POSTFIX), delivery(DELAYED), complaint(), delivery(EXIM.format("550 gone"))]


def survives(raw: bytes) -> None:
    """Read it. That it cannot be read is said in one way only: any other error fails the test."""
    with suppress(ReportInvalid):
        read_report(raw, BOUNCES)


@given(st.binary())
def test_no_bytes_crash_it(raw: bytes) -> None:
    survives(raw)
    survives(b"From: MAILER-DAEMON@mx.example.org\nSubject: failure notice\n\n" + raw)


@given(st.sampled_from(REPORTS), st.integers(0, 2000), st.integers(0, 2000), st.binary(max_size=20))
def test_no_damage_to_a_report_crashes_it(raw: bytes, start: int, end: int, other: bytes) -> None:
    survives(raw[:start] + other + raw[end:])


@pytest.mark.parametrize("raw", REPORTS)
def test_a_report_may_be_cut_off_anywhere(raw: bytes) -> None:
    for length in range(0, len(raw), 7):
        survives(raw[:length])


@pytest.mark.parametrize(
    "repeated", [b"a", b"550 ", b"-", b"\n", b"user ", b"<a ", b"Action: failed\n\n"]
)
def test_a_report_of_ten_megabytes_is_read_in_a_moment(repeated: bytes) -> None:
    long = repeated * (10_000_000 // len(repeated))
    began = time.process_time()
    survives(delivery(POSTFIX) + long)
    survives(delivery(POSTFIX).replace(b"Reporting-MTA", long + b"\n\nReporting-MTA"))
    survives(b"From: MAILER-DAEMON@mx.example.org\nSubject: failure notice\n\n" + long)
    assert time.process_time() - began < 5
