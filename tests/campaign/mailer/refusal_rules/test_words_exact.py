"""Sentences of single vendors that general rules would misread."""

from campaign.mailer.refusal_meaning import RefusalAbout, RefusalCause, judge_refusal
from campaign.mailer.refusal_rules.words import cause_of_words
from campaign.mailer.refusal_rules.words_exact import EXACT_WORDS


def test_a_carrier_that_names_no_address_has_filtered() -> None:
    filtered = judge_refusal("550 : User unknown", status="5.1.1")
    assert (filtered.about, filtered.cause) == (RefusalAbout.passing, RefusalCause.unknown)


def test_a_vendors_own_sentence_is_believed_even_after_data() -> None:
    said = "554 delivery error: dd This user doesn't have a yahoo.com account (x@yahoo.com) [0]"
    assert judge_refusal(said, command="DATA").about is RefusalAbout.address
    assert (
        judge_refusal("550 This user doesn't have a news.test account", command="DATA").about
        is RefusalAbout.passing
    )


def test_exact_sentences_come_first_and_say_so() -> None:
    found = cause_of_words("recipient address rejected: access denied", "5.4.1")
    assert found is not None
    assert (found.cause, found.exact) == (RefusalCause.no_mailbox, True)
    general = cause_of_words("access denied")
    assert general is not None
    assert not general.exact
    assert len(EXACT_WORDS) > 20
