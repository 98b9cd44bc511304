"""What a refusal means: only a plain word about the address may ever suppress."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.mailer.refusal_meaning import (
    RefusalAbout,
    RefusalCause,
    RefusalMeaning,
    judge_refusal,
)

US, PASSING, ADDRESS = RefusalAbout.us, RefusalAbout.passing, RefusalAbout.address
CAUSE = RefusalCause


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("550 relay not permitted", CAUSE.relay),
        ("554 5.7.1 <reader@reader.test>: Relay access denied", CAUSE.relay),
        ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", CAUSE.relay),
        ("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", CAUSE.relay),
        ("530 5.7.0 Authentication required", CAUSE.authentication),
        ("530 5.7.0 Must issue a STARTTLS command first", CAUSE.tls),
        ("550 5.1.8 <us@news.test>: Sender address rejected: Domain not found", CAUSE.sender),
        ("550-Verification failed for <us@news.test>\n550-No Such User Here\n550 Sender verify failed", CAUSE.sender),
        ("550 5.7.26 Unauthenticated email is not accepted due to DMARC", CAUSE.domain_authentication),
        ("550 5.7.1 Client host rejected: cannot find your reverse hostname", CAUSE.domain_authentication),
        ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", CAUSE.blocklist),
        ("554 Message rejected as spam", CAUSE.content),
        ("550 5.4.5 Daily user sending limit exceeded", CAUSE.daily_limit),
        ("550 5.7.0 Too many messages from your server this hour", CAUSE.rate),
        ("552 5.3.4 Message size exceeds fixed limit", CAUSE.size),
        ("550 Denied by policy", CAUSE.policy),
    ],
)  # fmt: skip
def test_a_refusal_about_us_is_not_about_the_reader(words: str, cause: RefusalCause) -> None:
    assert judge_refusal(words, command="RCPT") == RefusalMeaning(US, cause)


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("552 5.2.2 Over quota", CAUSE.full),
        ("550 5.4.316 Message expired, connection refused", CAUSE.expired),
        ("450 4.2.0 Greylisted, try again later", CAUSE.busy),
        ("550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents more", CAUSE.busy),
        ("550 5.2.1 The email account that you tried to reach is disabled", CAUSE.disabled),
        ("450 4.1.1 <reader@reader.test>: Recipient address rejected: User unknown", CAUSE.no_mailbox),
        ("550 Unknown user reader@reader.test", CAUSE.unknown),
        ("550 Rejected", CAUSE.unknown),
        ("", CAUSE.unknown),
    ],
)  # fmt: skip
def test_what_passes_or_is_not_understood_suppresses_nobody(
    words: str, cause: RefusalCause
) -> None:
    assert judge_refusal(words, command="RCPT") == RefusalMeaning(PASSING, cause)


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("550 5.1.1 <reader@reader.test>: Recipient address rejected: User unknown", CAUSE.no_mailbox),
        ("550 No such person at this address", CAUSE.no_mailbox),
        ("550 5.4.1 Recipient address rejected: Access denied [X.prod.protection.outlook.com]", CAUSE.no_mailbox),
        ("554 delivery error: dd This user doesn't have a yahoo.com account (x@yahoo.com)", CAUSE.no_mailbox),
        ("550 Unknown recipient", CAUSE.no_mailbox),
        ("550 5.1.6 recipient no longer on server", CAUSE.moved),
        ("550 5.4.4 Host or domain name not found", CAUSE.no_domain),
        ("550 5.7.27 Host does not accept mail", CAUSE.null_mx),
        ("550 5.1.1", CAUSE.no_mailbox),
    ],
)  # fmt: skip
def test_a_plain_word_about_the_address_is_about_the_address(
    words: str, cause: RefusalCause
) -> None:
    assert judge_refusal(words, command="RCPT") == RefusalMeaning(ADDRESS, cause)


def test_words_win_over_the_status_beside_them() -> None:
    judged = judge_refusal("550 5.7.1 IP address blacklisted by recipient", status="5.1.1")
    assert judged == RefusalMeaning(US, CAUSE.blocklist)
    assert judge_refusal("550 User unknown", status="5.0.0").about is ADDRESS


def test_a_status_that_the_server_wrote_itself_wins_over_the_one_in_the_report() -> None:
    assert judge_refusal("smtp; 550 5.7.1 go away", status="5.1.1").about is US


def test_a_status_about_the_sender_makes_an_invalid_address_ours() -> None:
    assert judge_refusal("550 5.1.7 Invalid address").about is US
    assert judge_refusal("550 5.1.3 Invalid address").about is ADDRESS


def test_the_same_words_of_two_servers_are_told_apart_by_their_status() -> None:
    said = "Recipient address rejected: Access denied"
    assert judge_refusal(f"550 5.4.1 {said}").about is ADDRESS  # Exchange knows no such recipient
    assert judge_refusal(f"554 5.7.1 {said}").about is US  # Postfix applies a rule


def test_the_command_decides_where_the_words_cannot() -> None:
    said = "550 User unknown"
    assert judge_refusal(said, command="MAIL").about is US
    assert judge_refusal(said, command="DATA").about is PASSING
    assert judge_refusal(said, command="RCPT").about is ADDRESS
    assert judge_refusal(said, command="").about is ADDRESS


def test_a_status_about_the_address_is_believed_after_data_too() -> None:
    assert judge_refusal("550 5.1.1 User unknown", command="DATA").about is ADDRESS


def test_an_address_that_spells_a_rule_is_not_read() -> None:
    judged = judge_refusal("550 5.1.1 <spam.quota@relay-denied.test>... User unknown")
    assert judged == RefusalMeaning(ADDRESS, CAUSE.no_mailbox)


@given(st.text(), st.one_of(st.none(), st.integers()), st.text(), st.text())
def test_no_words_crash_it(words: str, code: int | None, status: str, command: str) -> None:
    judged = judge_refusal(words, code=code, status=status, command=command)
    assert isinstance(judged, RefusalMeaning)


@pytest.mark.parametrize("repeated", ["user ", "a@", "550-5.1.1 ", "too many ", "sender ", " not "])
def test_ten_megabytes_of_words_are_read_in_a_moment(repeated: str) -> None:
    began = time.process_time()
    judge_refusal(repeated * (10_000_000 // len(repeated)))
    assert time.process_time() - began < 1
