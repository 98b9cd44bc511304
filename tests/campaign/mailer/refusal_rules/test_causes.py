"""Whom each cause is about."""

from campaign.mailer.refusal_rules.causes import ABOUT, RefusalAbout, RefusalCause


def test_every_cause_is_about_somebody_and_only_four_about_the_address() -> None:
    assert set(ABOUT) == set(RefusalCause)
    suppressing = {cause for cause, about in ABOUT.items() if about is RefusalAbout.address}
    assert suppressing == {"no_mailbox", "no_domain", "null_mx", "moved"}
    assert ABOUT[RefusalCause.unknown] is ABOUT[RefusalCause.disabled] is RefusalAbout.passing
