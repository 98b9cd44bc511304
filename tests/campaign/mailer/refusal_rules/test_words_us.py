"""Words by which servers refuse us, each by the rule that is meant."""

import pytest

from campaign.mailer.refusal_meaning import RefusalAbout, RefusalCause, judge_refusal

CAUSE = RefusalCause


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("554 5.7.1 We do not relay", CAUSE.relay),
        ("550 5.7.1 Unable to relay for ana@example.org", CAUSE.relay),
        ("501 Recipient domain not allowed", CAUSE.relay),
        ("554 Message rejected: Email address is not verified.", CAUSE.sender),  # SES in its sandbox
        ("550 5.7.10 TLS required", CAUSE.tls),
        ("454 4.7.5 Certificate validation failure", CAUSE.tls),
        ("550 SPF check failed", CAUSE.domain_authentication),
        ("550 5.7.509 Access denied, sending domain does not pass DMARC verification", CAUSE.domain_authentication),
        ("550 Fix reverse DNS for 192.0.2.7", CAUSE.domain_authentication),
        ("554 Bad DNS PTR resource record.", CAUSE.domain_authentication),
        ("535 5.7.8 Username and Password not accepted: bad credentials", CAUSE.authentication),
        ("530 SMTP AUTH is needed", CAUSE.authentication),
        ("553 5.1.8 Domain of sender address us@news.test does not exist", CAUSE.sender),
        ("550 You are not allowed to send from that address", CAUSE.sender),
        ("454 Throttling failure: Daily message quota exceeded", CAUSE.daily_limit),
        ("451 Maximum credits exceeded", CAUSE.daily_limit),
        ("454 Throttling failure: Maximum sending rate exceeded", CAUSE.rate),
        ("421 4.7.0 Messages temporarily deferred due to unexpected volume or user complaints", CAUSE.rate),
        ("550 Ip frequency limited", CAUSE.rate),
        ("550 ana@example.org - 192.0.2.7 has sent to too many recipients this hour", CAUSE.rate),
        ("452 Too many recipients", CAUSE.rate),
        ("550 5.7.606 Access denied, banned sending IP [192.0.2.7]", CAUSE.blocklist),
        ("554 Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.7", CAUSE.blocklist),
        ("550 Your IP is listed in our blocklist", CAUSE.blocklist),
        ("550 5.1.0 sender rejected. AUP#CDRBL", CAUSE.blocklist),
        ("550 5.7.1 Message content rejected, UBE", CAUSE.content),
        ("550 Virus detected", CAUSE.content),
        ("552 This message was blocked because its content presents a potential security issue", CAUSE.content),
        ("550 5.7.1 This message is not RFC 5322 compliant", CAUSE.protocol),
        ("503 Improper sequence of commands", CAUSE.protocol),
        ("552 Message exceeds maximum size", CAUSE.size),
        ("552 5.2.3 Message too large for this recipient", CAUSE.size),
        ("554 Host network not allowed", CAUSE.policy),
        ("550 5.1.1 Refused due to recipient preferences", CAUSE.policy),
        ("550 5.7.1 RESOLVER.RST.AuthRequired; authentication required", CAUSE.policy),
    ],
)  # fmt: skip
def test_each_refusal_of_ours_has_its_cause(words: str, cause: RefusalCause) -> None:
    meaning = judge_refusal(words, command="RCPT")
    assert (meaning.about, meaning.cause) == (RefusalAbout.us, cause)
