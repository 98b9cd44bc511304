"""The lines that run when a module is imported: all but the bodies of its functions."""

from tests.mutation.relevant_tests import run_on_import

SOURCE = """LIMIT = 3


@decorated
def first(
    one,
):
    return one


class Second:
    name = "b"

    def third(self):
        def fourth():
            return 5

        return fourth
"""


def test_definitions_and_decorators_run_on_import_and_bodies_of_functions_do_not() -> None:
    lines = SOURCE.splitlines()
    assert run_on_import(SOURCE) == set(range(1, len(lines) + 2)) - {8, 15, 16, 17, 18}
