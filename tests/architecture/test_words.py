"""Names are plain words of the field: none of a private language, and one word has one meaning."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.trees import tree

PACKAGE = Path(__file__).resolve().parents[2] / "stcloud"
FILES = sorted(PACKAGE.rglob("*.py"))

WORDS = {
    "told", "said", "asked", "stood", "found", "whereabouts", "shelf", "tally", "atlas", "sieve", "likeness",
    "verdict", "epoch", "mesh", "holding", "around", "spot", "sweep", "slab", "rim", "seam", "charter", "sheet",
    "mark",
}  # fmt: skip
"""Words that no name has among its parts, in the singular or the plural."""

WHOLE = {"one", "ones"}
"""Words that are no name by themselves: a thing is called by what it is."""

STANDARD = {
    "NotFound": "an error that callers catch by this name",
    "_EPOCH": "the Unix epoch, from which instants are counted",
    "EPOCH": "the same",
    "HotSpots": "what callers hold: a hot spot is a cell that is unusual among its neighbours",
    "epoch_us": "microseconds of the unit of an `epoch-s` or `epoch-ms` format",
}
"""Names that have such a word in its standard sense, or that are public."""

PUBLIC = {
    ("paas/query/resolve/features.py", "one"): "an argument of `Features.diff` and `Features.lineage`",
    ("paas/query/run/why.py", "found"): "an attribute of `Reason`",
    ("paas/query/spec/question.py", "asked"): "an argument of `Question.narrow` and `Question.answer`",
}
"""Names that callers may write, each with its file and its reason."""

TWICE = {
    "Entry": "what a store's list says of a key, and a line of a log of cases",
    "Scene": "an image of an instant, and what tests are drawn from",
    "Question": "the question that is kept, and the one that is drawn to test it",
}
"""Names of two classes, each with its reason."""

MIRRORED = {
    ("daas", "event.py"): "the kind of a layer of events, and its definition",
    ("daas", "feature.py"): "the kind of a layer of features, its definition, and its table",
    ("daas", "scene.py"): "the kind of a layer of scenes, its definition, and its table",
    ("iaas", "model.py"): "what an engine is, and what a store is",
    ("paas", "cache.py"): "what a city keeps in memory, and the indexes of layers in it",
    ("paas", "size.py"): "what a filter may be, and what an answer may be",
    ("paas", "units.py"): "the units of a grid, and questions by unit",
}
"""Names of two files of one ring, each with its reason."""


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def bound(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Give the names that code binds, with their lines: of variables, arguments, attributes, functions, classes."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.Name(id=word, ctx=ast.Store())
                | ast.arg(arg=word)
                | ast.Attribute(attr=word, ctx=ast.Store())
            ):
                yield node.lineno, word
            case ast.FunctionDef(name=word) | ast.AsyncFunctionDef(name=word) | ast.ClassDef(name=word):
                yield node.lineno, word
            case (
                ast.ExceptHandler(name=str(word))
                | ast.MatchAs(name=str(word))
                | ast.MatchStar(name=str(word))
            ):
                yield node.lineno, word
            case ast.alias(asname=str(word)):
                yield node.lineno, word


def parts(word: str) -> set[str]:
    """Return the words of a name, plural ones also in the singular."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower().split("_")
    plurals = {re.sub(r"ies$", "y", part) for part in split} | {part.removesuffix("s") for part in split}
    return {*split, *plurals}


def strange(word: str) -> bool:
    """Tell whether a name has a word that it should not have."""
    return word not in STANDARD and (word.strip("_") in WHOLE or not WORDS.isdisjoint(parts(word)))


def test_no_name_is_of_a_private_language():
    faults = [
        (name(path), line, word)
        for path in FILES
        for line, word in [(1, path.stem), *bound(tree(path))]
        if strange(word)
    ]
    others = [f"{file}:{line}: {word}" for file, line, word in faults if (file, word) not in PUBLIC]
    assert not others, "\n".join(others)
    assert {(file, word) for file, _, word in faults} == PUBLIC.keys()


def test_a_strange_name_is_found_wherever_it_is_bound():
    code = """
for one in found: pass
def told(asked, *said, **mark): holder.spot = 1
class Sheets: tally_of: int = 1
try: import numpy as atlas
except OSError as verdict: (slab := 1)
match 1:
    case [*rim]: pass
    case seam: pass
lambda epoch: [row for one_ in rows]
"""
    words = [word for _, word in bound(ast.parse(code)) if strange(word)]
    assert sorted(words) == [
        "Sheets", "asked", "atlas", "epoch", "mark", "one", "one_", "rim", "said", "seam", "slab", "spot", "tally_of",
        "told", "verdict",
    ]  # fmt: skip
    assert not any(map(strange, ("one_line", "remark", "trimmed", "foundation", "NotFound", "_EPOCH")))


def test_no_two_classes_have_one_name():
    homes = defaultdict(list)
    for path in FILES:
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(name(path))
    faults = {word: where for word, where in homes.items() if len(where) > 1 and word not in TWICE}
    assert not faults


def test_no_two_files_of_one_ring_have_one_name():
    rings = Counter((name(path).split("/")[0], path.name) for path in FILES if path.name != "__init__.py")
    assert not [file for file, count in rings.items() if count > 1 and file not in MIRRORED]
