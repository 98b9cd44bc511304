"""The sample emails for staff: at least one of each kind, in each language."""

from collections import Counter

import pytest

from campaign.core.i18n import languages
from campaign.emails.samples import samples
from campaign.mailer.kinds import EmailKind
from tests.support.sample_emails import SENDER, sample_email


def test_every_kind_of_email_has_a_sample_and_each_its_own_subject() -> None:
    assert {one.kind for one in samples().values()} == set(EmailKind)
    assert all(name == one.name for name, one in samples().items())
    countdown = [name for name in samples() if name.startswith("appeal_")]
    subjects = Counter(sample_email(name).subject for name in countdown)
    assert len(subjects) == len(countdown), subjects.most_common(1)


@pytest.mark.parametrize("locale", languages())
def test_every_sample_can_be_made_twice_and_is_in_the_language_that_was_asked_for(
    locale: str,
) -> None:
    for sample in samples().values():
        first, second = (sample.make(SENDER, locale) for _ in range(2))
        assert first["locale"] == second["locale"] == locale, sample.name
        assert first.keys() == second.keys()


def test_samples_differ_where_the_email_does() -> None:
    def shown(name: str) -> str:
        return " ".join(sample_email(name).text.split())

    assert "From our desk" in sample_email("appeal_own_words").subject
    assert "a storm kept our office closed" in shown("appeal_extended")
    assert "a storm" not in shown("appeal_last_day")
    assert "provisional" in shown("wrap_up")
    assert "This result is final." in shown("wrap_up_short")
    assert "ana@newsroom.example" in shown("sign_in_invitation")
    assert "ana@newsroom.example" not in shown("sign_in_link")
