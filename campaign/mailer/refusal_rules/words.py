"""Find the cause that the words of a refusal name. The first rule that fits counts.

First come the sentences that general rules would misread; then what is about us; then what passes; last the address:
a refusal that says several things never silences a reader.
"""

import re
from typing import NamedTuple

from campaign.mailer.refusal_rules.causes import ABOUT, RefusalAbout, RefusalCause
from campaign.mailer.refusal_rules.sources import WordsRule
from campaign.mailer.refusal_rules.words_address import ADDRESS_WORDS
from campaign.mailer.refusal_rules.words_exact import EXACT_WORDS
from campaign.mailer.refusal_rules.words_languages import WORDS_IN_OTHER_LANGUAGES
from campaign.mailer.refusal_rules.words_passing import PASSING_WORDS
from campaign.mailer.refusal_rules.words_us import US_WORDS


def _in_other_languages(about: RefusalAbout) -> tuple[WordsRule, ...]:
    return tuple(rule for rule in WORDS_IN_OTHER_LANGUAGES if ABOUT[rule.cause] is about)


RULES = (
    EXACT_WORDS
    + US_WORDS
    + _in_other_languages(RefusalAbout.us)
    + PASSING_WORDS
    + _in_other_languages(RefusalAbout.passing)
    + ADDRESS_WORDS
    + _in_other_languages(RefusalAbout.address)
)
_COMPILED = tuple((rule, re.compile("|".join(rule.words), re.IGNORECASE)) for rule in RULES)


class FoundCause(NamedTuple):
    """A cause, and whether it is a vendor's own sentence, which leaves no doubt."""

    cause: RefusalCause
    exact: bool


def cause_of_words(words: str, status: str = "") -> FoundCause | None:
    """Return the cause that the words name, or None. `words` is one line without codes; @ stands for each address."""
    for place, (rule, pattern) in enumerate(_COMPILED):
        if rule.status in ("", status) and pattern.search(words):
            return FoundCause(rule.cause, exact=place < len(EXACT_WORDS))
    return None
