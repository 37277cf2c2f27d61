"""`--cases N`: combinations of parameters are left out where a run asks for few, and nothing else ever."""

from types import SimpleNamespace

import pytest

from tests.conftest import LEFT_OUT, pytest_collection_modifyitems, pytest_terminal_summary


class Config:
    """What the hooks use of a run's configuration."""

    def __init__(self, cases):
        self.cases = cases
        self.stash = pytest.Stash()
        self.deselected = []
        self.hook = SimpleNamespace(pytest_deselected=self.deselect)

    def deselect(self, items):
        self.deselected.extend(items)

    def getoption(self, name, default):
        assert name == "cases"
        return default if self.cases is None else self.cases


class Item:
    """A test, or one case of it."""

    def __init__(self, nodeid, marks=(), **parameters):
        self.nodeid, self.marks = nodeid, marks
        if parameters:
            self.callspec = SimpleNamespace(params=parameters)

    def get_closest_marker(self, name):
        return name in self.marks or None


def items():
    """Return a plain test, two of 12 combinations, and one of four values, two of which are equal to no other."""
    combined = [(engine, form) for engine in ("duckdb", "sail", "spark") for form in range(4)]
    return [
        Item("a.py::test_plain"),
        *(Item(f"a.py::test_formats[{e}-{f}]", engine=e, form=f) for e, f in combined),
        *(Item(f"a.py::test_kinds[{e}-{f}]", ["every_case"], engine=e, form=f) for e, f in combined),
        *(Item(f"a.py::test_values[{number}]", value=value) for number, value in enumerate([1, "1", {}, {}])),
        Item("b.py::test_formats[duckdb-1]", engine="duckdb", form=1),
    ]


def kept(cases):
    config, selected = Config(cases), items()
    every = [item.nodeid for item in selected]
    pytest_collection_modifyitems(config, selected)
    left = [item.nodeid for item in selected]
    assert sorted(left + [item.nodeid for item in config.deselected]) == sorted(every)
    assert config.stash.get(LEFT_OUT, 0) == len(every) - len(left)
    return left


def test_without_the_option_nothing_is_left_out():
    assert kept(None) == [item.nodeid for item in items()]


def test_combinations_are_left_out_and_no_value():
    assert kept(1) == kept(1)
    left = [name for name in kept(1) if name.startswith("a.py::test_formats")]
    assert (left[0], left[-1]) == ("a.py::test_formats[duckdb-0]", "a.py::test_formats[spark-3]")
    assert len(left) == 4
    assert all(any(f"[{engine}-" in name for name in left) for engine in ("duckdb", "sail", "spark"))
    assert all(any(f"-{form}]" in name for name in left) for form in range(4))


def test_of_costly_cases_that_are_alike_a_quarter_is_taken():
    config, alike = Config(1), [Item(f"a.py::test_kills[{n}]", ["costly"], step=n) for n in range(12)]
    pytest_collection_modifyitems(config, alike)
    assert [item.callspec.params["step"] for item in alike] == [0, 4, 8, 11]


def test_what_smaller_tests_prove_too_is_left_out_where_few_cases_are_wanted():
    config, tests = Config(1), [Item("a.py::test_large", ["thorough"]), Item("a.py::test_small")]
    pytest_collection_modifyitems(config, tests)
    assert [item.nodeid for item in tests] == ["a.py::test_small"]


def test_all_else_stays():
    combined = {f"a.py::test_formats[{e}-{f}]" for e in ("duckdb", "sail", "spark") for f in range(4)}
    for cases in (1, 2, 3):
        assert [name for name in kept(cases) if name not in combined] == [
            item.nodeid for item in items() if item.nodeid not in combined
        ]
    assert len(kept(1)) < len(kept(2)) < len(kept(None))


def test_slow_tests_come_first_and_the_others_stay_in_order():
    selected = [Item("a"), Item("b", ["slow"]), Item("c"), Item("d", ["slow"])]
    pytest_collection_modifyitems(Config(None), selected)
    assert [item.nodeid for item in selected] == ["b", "d", "a", "c"]


def test_the_run_says_how_many_and_how_to_run_all():
    lines, config = [], Config(1)
    reporter = SimpleNamespace(write_line=lines.append)
    pytest_terminal_summary(reporter, config)
    assert lines == []
    config.stash[LEFT_OUT] = 7
    pytest_terminal_summary(reporter, config)
    assert lines[0].startswith("7 combinations")
    assert "make test PROFILE=deep" in lines[0]


def test_one_case_of_a_test_may_be_left_out():
    config = Config(1)
    tests = [Item("a.py::test_of[1]", step=1), Item("a.py::test_of[9]", ["thorough"], step=9)]
    pytest_collection_modifyitems(config, tests)
    assert [item.nodeid for item in tests] == ["a.py::test_of[1]"]
