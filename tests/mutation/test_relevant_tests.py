"""Which tests are run for a fault: those that run its lines, else the nearest."""

from tests.mutation.relevant_tests import RelevantTests

SLOW = "tests/campaign/auth/test_links.py::test_slow"
OWN = "tests/campaign/auth/test_policies.py::test_own"
QUICK = "tests/campaign/auth/test_links.py::test_quick"
OTHER = "tests/campaign/staff/test_members.py::test_other"
SECONDS = {SLOW: 2.0, OWN: 3.0, QUICK: 0.1, OTHER: 0.0}
LINKS = {1: frozenset[str](), 7: frozenset({SLOW}), 8: frozenset({SLOW, QUICK})}
RELEVANT = RelevantTests({"campaign/auth/links.py": LINKS}, SECONDS)


def test_a_line_is_for_the_tests_that_run_it_the_fastest_first() -> None:
    assert RELEVANT.of("campaign/auth/links.py", 7, 7) == [SLOW]
    assert RELEVANT.of("campaign/auth/links.py", 7, 8) == [QUICK, SLOW]


def test_a_line_that_runs_on_import_is_for_the_tests_of_its_module() -> None:
    assert RELEVANT.of("campaign/auth/links.py", 1, 1) == [QUICK, SLOW]


def test_a_module_of_constants_is_for_the_tests_of_its_package_its_own_first() -> None:
    assert RELEVANT.of("campaign/auth/policies.py", 1, 1) == [OWN, QUICK, SLOW]
