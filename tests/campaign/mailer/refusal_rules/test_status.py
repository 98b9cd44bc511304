"""What a status or a reply code alone means."""

import pytest

from campaign.mailer.refusal_meaning import RefusalAbout, RefusalCause, judge_refusal
from campaign.mailer.refusal_rules.status import cause_of_status

CAUSE = RefusalCause


@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [
        ("5.1.1", 550, CAUSE.no_mailbox),
        ("4.1.1", 450, CAUSE.no_mailbox),
        ("5.1.8", 550, CAUSE.sender),
        ("5.1.90", 550, CAUSE.daily_limit),
        ("5.2.2", 552, CAUSE.full),
        ("5.4.316", 550, CAUSE.expired),
        ("5.4.99", 550, CAUSE.network),
        ("5.5.1", 503, CAUSE.protocol),
        ("5.6.0", 550, CAUSE.content),
        ("5.7.1", 550, CAUSE.policy),
        ("5.7.26", 550, CAUSE.domain_authentication),
        ("5.0.0", 550, CAUSE.unknown),
        ("5.2.0", 522, CAUSE.full),
        ("", 421, CAUSE.busy),
        ("", 530, CAUSE.authentication),
        ("", 552, CAUSE.full),
        ("", 556, CAUSE.null_mx),
        ("5.3.2", 521, CAUSE.null_mx),
        ("5.3.2", 550, CAUSE.busy),
        ("", 550, CAUSE.unknown),
        ("", None, CAUSE.unknown),
    ],
)
def test_status_and_code_name_a_cause(status: str, code: int | None, cause: RefusalCause) -> None:
    assert cause_of_status(status, code) is cause


@pytest.mark.parametrize("status", ["4.1.1", "4.1.2"])
def test_what_is_refused_for_now_is_never_about_the_address(status: str) -> None:
    assert judge_refusal("", status=status).about is RefusalAbout.passing
    assert judge_refusal("450 user unknown").about is RefusalAbout.passing
