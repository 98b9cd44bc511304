"""Words about the address, each by the rule that is meant."""

import pytest

from campaign.mailer.refusal_meaning import RefusalAbout, RefusalCause, judge_refusal

CAUSE = RefusalCause


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("550 User unknown in virtual mailbox table", CAUSE.no_mailbox),
        ("550 Unknown recipient", CAUSE.no_mailbox),
        ("550 5.1.1 Mailbox does not exist", CAUSE.no_mailbox),
        ("550 Requested action not taken: mailbox unavailable", CAUSE.no_mailbox),
        ("550 Invalid recipient", CAUSE.no_mailbox),
        ("550 sorry, no mailbox here by that name", CAUSE.no_mailbox),
        ("550 Account closed: account has been deleted", CAUSE.no_mailbox),
        ("550 5.1.1 inactive email address", CAUSE.no_mailbox),  # iCloud
        ("550 5.1.351 Remote server returned unknown recipient or mailbox unavailable", CAUSE.no_mailbox),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", CAUSE.no_mailbox),
        ("550 5.5.0 Invalid recipient. LPN007_416", CAUSE.no_mailbox),
        ("550 <ana@ezweb.ne.jp>: User unknown", CAUSE.no_mailbox),
        ("542 ana@example.org Rejected", CAUSE.no_mailbox),  # Symantec
        ("551 not our customer", CAUSE.moved),
        ("550 Ana no longer works here", CAUSE.moved),
        ("550 Host unknown (Name server: mx.example.org: no data known)", CAUSE.no_domain),
        ("Name service error: Host or domain name not found", CAUSE.no_domain),
        ("all relevant MX records point to non-existent hosts", CAUSE.no_domain),
        ("DNS lookup failure: host example.org not found", CAUSE.no_domain),
        ("554 5.4.4 the domain is not reachable: because the domain is not reachable", CAUSE.no_domain),
        ("556 5.1.10 Recipient address has null MX", CAUSE.null_mx),
        ("521 5.3.2 System not accepting network messages", CAUSE.null_mx),
        ("an MX or SRV record indicated no SMTP service", CAUSE.null_mx),
    ],
)  # fmt: skip
def test_what_is_about_the_address_has_its_cause(words: str, cause: RefusalCause) -> None:
    meaning = judge_refusal(words, command="RCPT")
    assert (meaning.about, meaning.cause) == (RefusalAbout.address, cause)
