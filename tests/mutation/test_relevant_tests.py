"""Which tests a fault has to get past: the module's own first, and not only many examples of one."""

from tests.mutation.relevant_tests import RelevantTests

OWN = "tests/core/test_money.py::test_read"
SUBJECT = "tests/core/test_money_currencies.py::test_minimum"
OTHER = "tests/core/test_clock.py::test_now"


def relevant(seconds: dict[str, float]) -> RelevantTests:
    return RelevantTests({"core/money.py": {7: frozenset(seconds)}}, seconds)


def test_a_modules_own_tests_run_first_and_those_of_a_subject_are_its_own() -> None:
    found = relevant({OTHER: 0.1, SUBJECT: 0.3, OWN: 0.2}).of("core/money.py", 7, 7)
    assert found == [OWN, SUBJECT, OTHER]


def test_one_example_of_each_test_runs_before_a_second_one() -> None:
    examples = {f"{OWN}[{number}]": 0.01 * number for number in range(100)}
    found = relevant({**examples, SUBJECT: 0.5}).of("core/money.py", 7, 7)
    assert found[:3] == [f"{OWN}[0]", SUBJECT, f"{OWN}[1]"]


def test_more_than_sixty_tests_run_if_they_are_fast() -> None:
    fast = {f"{OWN}[{number}]": 0.05 for number in range(100)}
    slow = {f"{OWN}[{number}]": 0.5 for number in range(100)}
    assert len(relevant(fast).of("core/money.py", 7, 7)) == 100
    assert len(relevant(slow).of("core/money.py", 7, 7)) == 60


def test_no_more_tests_run_than_a_minute_takes_but_always_one() -> None:
    slow = {f"{OWN}[{number}]": 20.0 for number in range(10)}
    assert len(relevant(slow).of("core/money.py", 7, 7)) == 2
    assert relevant({OWN: 100.0}).of("core/money.py", 7, 7) == [OWN]


def test_a_line_that_ran_while_the_module_was_imported_has_all_tests_of_the_module() -> None:
    assert relevant({OWN: 0.1, OTHER: 0.1}).of("core/money.py", 3, 3) == [OWN, OTHER]


def test_a_module_of_constants_has_the_tests_of_its_package() -> None:
    assert relevant({OWN: 0.1, "tests/house/test_names.py::test_unique": 0.1}).of(
        "core/constants.py", 3, 3
    ) == [OWN]
