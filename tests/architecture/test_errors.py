"""The tree of errors is as drawn, errors survive a process boundary, and every class has an exit code."""

import pickle
import re

import pytest

from stcloud import errors
from stcloud.iaas.job import Cancelled
from stcloud.saas.cli.exits import BUG, CANCELLED, CODES, report

CLASSES = [getattr(errors, name) for name in errors.__all__ if name not in ("StcloudError", "nearest")]
BUILT_IN = {
    "InvalidInput": ValueError, "NotFound": KeyError, "MissingExtra": ImportError, "StorageError": OSError,
}  # fmt: skip
PARENTS = {"InvalidDefinition": errors.InvalidInput}


def name(one):
    return one.__name__


def example(one):
    rest = {"nearest": ("requests",)} if one is errors.NotFound else {}
    rest |= {"faults": ("time: missing", "key: empty")} if one is errors.InvalidDefinition else {}
    return one("some-kind", "what was asked", **rest, layer="requests")


def drawn() -> dict[str, str]:
    """Class and built-in class, as the module's docstring draws them."""
    return dict(re.findall(r"[├└]── (\w+) +(?:\((\w+)\))?", errors.__doc__))


def test_the_tree_is_as_drawn():
    shown = drawn()
    assert set(shown) == {name(one) for one in CLASSES}
    assert {one: base for one, base in shown.items() if base} == {
        one: name(base) for one, base in BUILT_IN.items()
    }


@pytest.mark.parametrize("one", CLASSES, ids=name)
def test_a_class_has_the_parents_that_were_drawn(one):
    assert one.__bases__[0] is PARENTS.get(name(one), errors.StcloudError)
    assert issubclass(one, BUILT_IN.get(name(one), Exception))


@pytest.mark.parametrize("one", [*CLASSES, errors.StcloudError, Cancelled], ids=name)
def test_errors_pickle(one):
    error = example(one)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is one
    assert vars(again) == vars(error)
    assert str(again) == str(error)
    assert again.args == error.args
    assert again.context == {"layer": "requests"}


@pytest.mark.parametrize("one", CLASSES, ids=name)
def test_every_class_has_an_exit_code(one):
    code = next((code for known, code in CODES if issubclass(one, known)), BUG)
    assert code in (2, 3, 4, 5, 6, 7, BUG)
    assert (code == BUG) == (one is errors.InternalError)


@pytest.mark.parametrize("one", CLASSES, ids=name)
def test_reporting_an_error_gives_its_exit_code_and_one_line(one, capsys, monkeypatch):
    monkeypatch.delenv("STCLOUD_DEBUG", raising=False)
    code = next((code for known, code in CODES if issubclass(one, known)), BUG)
    assert report(example(one)) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("stcloud: ")
    assert printed.err.count("\n") == 1


def test_cancellation_and_bugs_have_codes_of_their_own(capsys):
    assert report(example(Cancelled)) == CANCELLED == 130
    assert report(KeyboardInterrupt()) == CANCELLED
    assert report(RuntimeError("x")) == BUG == 70
    assert "STCLOUD_DEBUG" in capsys.readouterr().err


def test_no_class_hides_another_in_the_table_of_codes():
    for at, (later, code) in enumerate(CODES):
        for earlier, other in CODES[:at]:
            assert not issubclass(later, earlier) or code == other
