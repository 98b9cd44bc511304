"""Planted faults: each fits the file it is for, and a table's results are kept as long as they hold."""

from collections import Counter
from pathlib import Path

import pytest

from tests.mutation import planted
from tests.mutation.faults_deploy import FAULTS
from tests.mutation.planted import ALONE, Fault, Plantation, Result, chosen, report

GOOD = Fault("a.conf", "cache off", "cache on", ("tests/test_a.py",))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one file and one test."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "a.conf").write_text("cache off;\nlog off;\n")
    (tmp_path / "tests" / "test_a.py").write_text("")
    monkeypatch.setattr(planted, "ROOT", tmp_path)
    monkeypatch.setattr(planted, "KEPT", tmp_path)
    return tmp_path


def test_every_fault_of_the_table_fits_its_file_and_names_its_tests() -> None:
    assert len(FAULTS) >= 60
    assert [name for name, count in Counter(map(str, FAULTS)).items() if count > 1] == []
    for fault in FAULTS:
        assert fault.planted()
        files = [test.partition("::")[0] for test in fault.tests if test.startswith("tests/")]
        assert files, fault
        assert all((planted.ROOT / file).is_file() for file in files), fault
        assert set(fault.tests) - set(files) <= {ALONE, "-k", fault.tests[-1]}


def test_a_fault_replaces_a_text_that_occurs_once(project: Path) -> None:
    assert GOOD.planted() == "cache on;\nlog off;\n"
    for old, new in {"off": "on", "none": "on", "cache off": "cache off"}.items():
        with pytest.raises(ValueError, match=r"a\.conf"):
            Fault("a.conf", old, new, GOOD.tests).planted()


def test_a_result_holds_until_the_fault_its_file_or_its_test_changes(project: Path) -> None:
    plantation = Plantation("few", [GOOD])
    plantation.results[str(GOOD)] = Result(GOOD.digest(), "tests/test_a.py::test_it", 1.0)
    assert plantation.result(GOOD) is not None
    assert plantation.result(Fault("a.conf", "cache off", "cache on", ("-x",))) is None
    for file in ("a.conf", "tests/test_a.py"):
        sound = (project / file).read_text()
        (project / file).write_text(f"{sound}# changed\n")
        assert plantation.result(GOOD) is None
        (project / file).write_text(sound)


def test_faults_are_chosen_by_number() -> None:
    faults = [Fault("f", str(number), "", ()) for number in range(1, 10)]
    assert [fault.old for fault in chosen("2,5-7", faults)] == ["2", "5", "6", "7"]
    assert chosen("", faults) == faults


def test_the_report_counts_what_was_caught_and_names_the_rest(project: Path) -> None:
    survivor = Fault("a.conf", "log off", "log on", GOOD.tests)
    same = Fault("a.conf", "cache off;", "cache  off;", GOOD.tests, "only a space")
    waiting = Fault("a.conf", ";\nlog", ";log", GOOD.tests)
    plantation = Plantation("few", [GOOD, survivor, same, waiting])
    for fault, caught_by in {GOOD: "tests/test_a.py::test_it", survivor: ""}.items():
        plantation.results[str(fault)] = Result(fault.digest(), caught_by, 1.0)
    assert report(plantation).splitlines() == [
        f"SURVIVED {survivor}",
        f"equivalent {same}: only a space",
        "1 faults not planted yet",
        "1 of 2 faults caught: 50 %",
    ]
