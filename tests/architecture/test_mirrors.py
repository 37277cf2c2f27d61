"""Every module has a test of its own, or its docstring names the tests that cover it.

``stcloud/a/b.py`` is tested by ``tests/a/test_b.py``, and a package ``stcloud/a`` by the files in ``tests/a``.
Where there is no such test, the docstring has a sentence ``Tested by `tests/...`.`` that names files or folders.
"""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.trees import tree

ROOT = Path(__file__).resolve().parents[2]
SENTENCE = re.compile(r"Tested by (?P<names>.+?)(?:\.$|\.\s|\Z)", re.DOTALL)


def modules() -> list[str]:
    """Return the modules of the package."""
    return [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "stcloud").rglob("*.py"))]


def mirror_of(module: str) -> str:
    """Return where the test of a module is expected: a file, or a folder for a package."""
    path = Path("tests", *Path(module).parts[1:])
    return (path.parent if path.name == "__init__.py" else path.with_name(f"test_{path.name}")).as_posix()


def named_in(docstring: str) -> list[str]:
    """Return what the sentence of a docstring names as its tests."""
    sentence = SENTENCE.search(docstring)
    return re.findall(r"`+([^`]+)`+", sentence["names"]) if sentence else []


def docstring_of(module: str) -> str:
    return ast.get_docstring(tree(ROOT / module)) or ""


def has_tests(path: str) -> bool:
    """Tell whether a path is a test file, or a folder with test files in it."""
    place = ROOT / path
    return path.startswith("tests/") and (place.is_file() or any(place.rglob("test_*.py")))


def test_every_module_has_a_mirror_or_names_its_tests():
    without = [
        module
        for module in modules()
        if not has_tests(mirror_of(module)) and not named_in(docstring_of(module))
    ]
    assert without == [], "write the test, or a sentence `Tested by` in the docstring"


def test_the_tests_that_docstrings_name_exist():
    wrong = {
        module: names
        for module in modules()
        if (names := [name for name in named_in(docstring_of(module)) if not has_tests(name)])
    }
    assert wrong == {}, "name files and folders by their whole path"


@pytest.mark.parametrize(
    ("module", "mirror"),
    [
        ("stcloud/index/asof.py", "tests/index/test_asof.py"),
        ("stcloud/index/__init__.py", "tests/index"),
        ("stcloud/errors.py", "tests/test_errors.py"),
    ],
)
def test_a_mirror_lies_where_its_module_does(module, mirror):
    assert mirror_of(module) == mirror


@pytest.mark.parametrize(
    ("docstring", "names"),
    [
        ("Noun. Tested by `tests/a.py`.", ["tests/a.py"]),
        ("Noun.\n\nTested by ``tests/a`` and\n``tests/b.py`` (the rest). More.", ["tests/a", "tests/b.py"]),
        ("Noun. It is tested with `tests/a.py`.", []),
    ],
)
def test_the_sentence_is_read(docstring, names):
    assert named_in(docstring) == names
