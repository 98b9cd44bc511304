"""The faults that are planted in expressions are those that a slip of the pen would make."""

from tests.mutation.sql_expressions import function_variants, variants


def texts(expression: str) -> list[str]:
    return [one.text for one in variants(expression)]


def test_a_bound_moves_by_one_and_is_open_or_closed() -> None:
    assert texts("(amount > 0)") == [
        "(amount >= 0)",
        "(amount < 0)",
        "(amount > 1)",
        "(amount > -1)",
    ]


def test_each_branch_is_left_out_and_and_becomes_or() -> None:
    found = texts("((a IS NULL) OR ((b = 0) AND (c = 0)))")
    assert "( ((b = 0) AND (c = 0)))" in found
    assert "((a IS NULL) )" in found
    assert "((a IS NULL) OR ( (c = 0)))" in found
    assert "((a IS NULL) OR ((b = 0) ))" in found
    assert "((a IS NULL) OR ((b = 0) OR (c = 0)))" in found
    assert "((a IS NOT NULL) OR ((b = 0) AND (c = 0)))" in found


def test_each_value_of_a_list_is_left_out() -> None:
    assert texts("(state = ANY (ARRAY['a'::text, 'b'::text]))") == [
        "(state = ANY (ARRAY['b'::text]))",
        "(state = ANY (ARRAY['a'::text]))",
    ]


def test_two_conditions_that_are_the_same_become_one_that_follows_from_the_other() -> None:
    """For truth values `<=` is implication."""
    found = texts("((a IS NULL) = (b IS NULL))")
    assert {"((a IS NULL) <= (b IS NULL))", "((a IS NULL) >= (b IS NULL))"} <= set(found)


def test_a_pattern_is_loosened_at_both_ends() -> None:
    found = texts("(slug ~ '^[a-z]{3}$'::text)")
    assert {"(slug ~ '[a-z]{3}$'::text)", "(slug ~ '^[a-z]{3}'::text)"} <= set(found)
    assert "(slug ~* '^[a-z]{3}$'::text)" in found


def test_texts_are_not_read_as_sql() -> None:
    assert texts("(name <> ''::text)") == []
    assert texts("(name = 'a > 1'::text)")[-1] == "(name = 'other'::text)"


def test_a_function_loses_its_locks_and_its_side_effects() -> None:
    body = "\nBEGIN\n    PERFORM FROM donor WHERE id = 1 FOR SHARE;\n    RETURN NULL;\nEND "
    found = [one.text for one in function_variants(body)]
    assert "\nBEGIN\n    RETURN NULL;\nEND " in found
    assert body.replace(" FOR SHARE", "") in found
