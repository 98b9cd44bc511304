"""Environment variables: read one by one, with all faults reported at once."""

from decimal import Decimal
from pathlib import Path

import pytest

from campaign.core.env_reader import Variables
from campaign.core.errors import ConfigurationError


def fault(variables: Variables) -> str:
    """The only one there is."""
    (found,) = variables.faults
    return found


def test_blank_values_are_none_and_others_are_stripped() -> None:
    variables = Variables({"A": " x ", "B": "  "})
    assert [variables.optional(name) for name in "ABC"] == ["x", None, None]
    assert variables.faults == []


def test_a_file_is_used_if_the_variable_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("hidden\n", encoding="utf-8")
    variables = Variables({"A": "", "A_FILE": str(file)})
    assert variables.optional("A") == "hidden"


def test_a_missing_or_wrong_value_is_one_fault(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"\xff")
    variables = Variables({"B": "x", "B_FILE": "y", "C_FILE": str(file), "D_FILE": "/none"})
    assert [variables.required(name, "a key") for name in "ABCD"] == ["", "", "", ""]
    named = [found.partition(": ") for found in variables.faults]
    assert [name for name, _, _ in named] == ["A", "B", "C_FILE", "D_FILE"]
    assert named[0][2] == "is missing; set it to a key"
    assert named[1][2] == "set twice, as B and as B_FILE; keep one"


@pytest.mark.parametrize(
    ("given", "read", "faulty"),
    [
        ("0", "0", False),
        ("0.099", "0.099", False),
        ("0.1", "0.029", True),
        ("-0.001", "0.029", True),
        ("Infinity", "0.029", True),
        ("sNaN", "0.029", True),
        ("", "0.029", False),
    ],
)
def test_a_number_is_at_least_zero_and_less_than_the_largest(
    given: str, read: str, faulty: bool
) -> None:
    variables = Variables({"RATE": given})
    assert variables.number("RATE", "0.029", Decimal("0.1")) == Decimal(read)
    assert bool(variables.faults) is faulty


@pytest.mark.parametrize("given", ["1.0", "-1", "1234567", "\u0661", "1e3", "0x1"])
def test_a_count_is_at_most_six_plain_digits(given: str) -> None:
    variables = Variables({"N": given})
    assert variables.count("N", "7") == 7
    assert fault(variables) == f"N: {given!r} is not a whole number"
    assert Variables({"N": "999999"}).count("N", "7") == 999_999


@pytest.mark.parametrize(
    ("given", "faulty"),
    [
        ("bounces@example.org", False),
        ("", False),
        ("Bounces <bounces@example.org>", True),
        ("bounces+a@example.org", True),
        ("bounces@example.org, more@example.org", True),
        ("bounces", True),
        ("@example.org", True),
    ],
)
def test_a_mailbox_is_a_plain_address(given: str, faulty: bool) -> None:
    variables = Variables({"M": given})
    assert variables.mailbox("M") == given
    assert bool(variables.faults) is faulty


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://example.org:1", ""),
        ("", ""),
        ("https://example.org:0", "must begin with http:// or https://"),
        ("ftp://example.org", "must begin with http:// or https://"),
        ("https://example.org:65536", "is not a valid URL: check its brackets and its port"),
    ],
)
def test_an_address_has_one_of_the_schemes_and_a_port_that_exists(url: str, said: str) -> None:
    variables = Variables({})
    variables.address("SITE_URL", url, {"https", "http"})
    assert variables.faults == ([f"SITE_URL: {said}"] if said else [])


def test_every_fault_is_reported_on_its_own_line() -> None:
    variables = Variables({})
    variables.raise_faults()
    variables.fault("A", "is odd")
    variables.fault("B", "is even")
    with pytest.raises(ConfigurationError) as refused:
        variables.raise_faults()
    assert str(refused.value).splitlines()[1:] == ["  A: is odd", "  B: is even"]
