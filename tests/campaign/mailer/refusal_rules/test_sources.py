"""Where the words of each server are documented: what a rule names is listed, and what is listed is used."""

from campaign.mailer.refusal_rules.causes import RefusalCause
from campaign.mailer.refusal_rules.sources import SOURCES, WordsRule
from campaign.mailer.refusal_rules.words import RULES, cause_of_words


def named() -> set[str]:
    return {name.strip() for rule in RULES for name in rule.servers.split(",")}


def test_every_rule_names_servers_whose_source_is_known() -> None:
    assert named() - {"any"} <= set(SOURCES)


def test_every_source_is_of_a_server_that_a_rule_names() -> None:
    assert set(SOURCES) - named() == set()
    assert all(where.strip() for where in SOURCES.values())


def test_any_is_no_server() -> None:
    assert "any" in named()
    assert "any" not in SOURCES


def test_a_rule_counts_beside_every_status_unless_it_names_one() -> None:
    assert WordsRule(RefusalCause.full, "Gmail", ("out of storage",)).status == ""
    words = "recipient address rejected: access denied"
    bound = next(rule for rule in RULES if rule.status == "5.4.1")
    beside, elsewhere = cause_of_words(words, bound.status), cause_of_words(words, "5.7.1")
    assert beside is not None
    assert elsewhere is not None
    assert (beside.cause, elsewhere.cause == bound.cause) == (bound.cause, False)
