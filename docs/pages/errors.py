"""The page of errors, from every call that makes one: kinds are literal there, or named here."""

from __future__ import annotations

import ast
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import stcloud
from pages import GENERATED
from stcloud import errors
from stcloud.iaas.job import Cancelled
from stcloud.saas.cli.exits import BUG, CANCELLED, CODES

__all__ = ["page"]

PACKAGE = Path(stcloud.__file__).parent
CLASSES: tuple[type[errors.StcloudError], ...] = (
    errors.InvalidInput, errors.InvalidDefinition, errors.NotFound, errors.Conflict, errors.Unsupported,
    errors.MissingExtra, errors.StorageError, errors.FormatError, errors.InternalError, Cancelled,
)  # fmt: skip
COMPUTED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("iaas/records/postgres.py", "StorageError"): (
        "connection-lost",
        "disk-full",
        "no-permission",
        "read-only",
    ),
    ("iaas/records/sqlite.py", "StorageError"): ("disk-full", "no-permission", "read-only", "storage"),
    ("iaas/store/bucketerror.py", "StorageError"): (
        "insecure-endpoint",
        "no-bucket",
        "no-credentials",
        "no-permission",
        "storage",
        "truncated",
        "unavailable",
        "unreachable",
        "wrong-region",
    ),
    ("iaas/store/oserror.py", "StorageError"): ("disk-full", "no-permission", "read-only", "storage"),
    ("paas/case/classes/records.py", "InvalidDefinition"): (
        "invalid-classes",
        "invalid-conditions",
        "invalid-crosswalk",
    ),
    ("paas/case/judgement.py", "InvalidInput"): (
        "bad-value",
        "handler-may-not",
        "has-duplicates",
        "has-flag",
        "illegal-action",
        "lacks-flag",
        "master-open",
        "missing-field",
        "no-master",
        "no-such-action",
        "no-such-state",
        "not-ahead",
        "not-overdue",
        "not-past",
        "not-verified",
        "not-yet-happened",
        "other-case",
        "other-department",
        "other-value",
        "out-of-sequence",
        "overdue",
        "parts-open",
        "parts-taken",
        "same-case",
        "too-far-ahead",
        "too-often",
        "uneven-lists",
        "unknown-action",
        "unknown-field",
        "unknown-workflow",
        "wrong-role",
    ),
    ("paas/case/workflow.py", "InvalidDefinition"): ("invalid-definition", "not-toml", "unsound-workflow"),
    ("paas/query/filter/size.py", "InvalidInput"): ("unreadable-filter", "unreadable-measure"),
    ("paas/query/parse/places.py", "NotFound"): ("renamed-layer", "unknown-layer"),
}
"""Kinds that are no literal where the error is made, by file and class."""
MEANINGS: Mapping[tuple[str, str], str] = {
    (
        "InvalidInput",
        "bad-value",
    ): "a field of an action is not of its type, or not a value that the workflow allows",
    ("InvalidInput", "handler-may-not"): "who handled a case may neither check nor close it",
    ("InvalidInput", "has-duplicates"): "the case has duplicates of its own",
    ("InvalidInput", "has-flag"): "the case has a flag with which the action is not legal",
    ("InvalidInput", "illegal-action"): "the action does not follow in the state of the case",
    ("InvalidInput", "lacks-flag"): "the case lacks a flag that the action needs",
    ("InvalidInput", "master-open"): "the master of the case is not closed",
    ("InvalidInput", "missing-field"): "the action needs a field",
    ("InvalidInput", "no-master"): "the master is no open case, or is a duplicate or a part itself",
    ("InvalidInput", "no-such-action"): "an action that is to be corrected does not exist",
    ("InvalidInput", "no-such-state"): "the workflow to migrate to has no state for the case",
    ("InvalidInput", "not-ahead"): "an instant must be later than the action",
    ("InvalidInput", "not-overdue"): "the case is not overdue",
    ("InvalidInput", "not-past"): "a corrected instant must not be later than the action",
    ("InvalidInput", "not-verified"): "the report must be verified to exist before the case is filed",
    ("InvalidInput", "not-yet-happened"): "the action would happen later than it is recorded",
    ("InvalidInput", "other-case"): "the action is of another case",
    ("InvalidInput", "other-department"): "the case is with another department",
    ("InvalidInput", "other-value"): "the case has another value than the action needs",
    ("InvalidInput", "out-of-sequence"): "the action has not the next number of the case",
    ("InvalidInput", "overdue"): "the case is overdue already",
    ("InvalidInput", "parts-open"): "not all parts of the case have ended",
    ("InvalidInput", "parts-taken"): "a part has the number of a case that exists",
    ("InvalidInput", "same-case"): "a case is linked to itself",
    ("InvalidInput", "too-far-ahead"): "an instant is later than the workflow allows",
    ("InvalidInput", "too-often"): "the action was done as often as it may be",
    ("InvalidInput", "uneven-lists"): "the lists of an action have different lengths",
    ("InvalidInput", "unknown-action"): "the workflow has no such action",
    ("InvalidInput", "unknown-field"): "the action takes no such field",
    ("InvalidInput", "unknown-workflow"): "there is no such workflow",
    ("InvalidDefinition", "invalid-clocks"): "rules of clocks have faults; `.faults` lists them",
    ("InvalidInput", "wrong-role"): "the role may not do this",
    (
        "InvalidDefinition",
        "ambiguous-column",
    ): "two columns have the same stored name, or one begins with `st_`",
    ("InvalidInput", "invalid-definition"): "the options given make no definition",
    ("InvalidDefinition", "invalid-definition"): "the definition has faults; `.faults` lists all of them",
    ("InvalidDefinition", "invalid-classes"): "a table of classes has faults; `.faults` lists all of them",
    (
        "InvalidDefinition",
        "invalid-conditions",
    ): "a table of filing conditions has faults; `.faults` lists them",
    (
        "InvalidDefinition",
        "invalid-crosswalk",
    ): "a crosswalk of classes has faults; `.faults` lists all of them",
    (
        "InvalidInput",
        "class-not-valid",
    ): "the class is not valid on that day; the hint is what the crosswalk says",
    (
        "InvalidDefinition",
        "unsound-workflow",
    ): "the states and actions of a workflow do not fit together; `.faults` lists all that is wrong",
    (
        "InvalidDefinition",
        "unsound-indicators",
    ): "indicators name policies, nodes or columns that there are not; `.faults` lists all that is wrong",
    (
        "InvalidDefinition",
        "unsound-score",
    ): "the terms of a score do not fit its indicators; `.faults` lists all that is wrong",
    ("InvalidInput", "other-workflow"): "another workflow binds the case than the ones given",
    (
        "InvalidInput",
        "unordered-case-log",
    ): "the actions given are of several cases, or not in the order of their numbers",
    (
        "FormatError",
        "broken-case-log",
    ): "the log of a case has an action that its workflow does not have in that state",
    ("InvalidInput", "name-taken"): "another layer has the name, or had it",
    ("NotFound", "renamed-layer"): "the layer has another name since it was renamed",
    ("InvalidInput", "cell-too-coarse"): "a cell is coarser than what was asked of it",
    ("InvalidInput", "too-many-vertices"): "an area, or areas together, have more vertices than are taken",
    (
        "InvalidInput",
        "unreadable-measure",
    ): "it is no measure, or beyond the bounds that filters have",
    ("InvalidInput", "empty-area"): "the area, box or FeatureCollection has no inside",
    ("InvalidInput", "invalid-range-count"): "a cover was asked for fewer than one range",
    ("InvalidInput", "invalid-size"): "a map was asked for in a size that it cannot have",
    ("InvalidInput", "lon-lat-out-of-range"): "a longitude or latitude cannot be; often the two were swapped",
    (
        "InvalidInput",
        "metric-crs-needed",
    ): "the CRS is not projected, or not in true metres; the hint proposes others",
    (
        "InvalidInput",
        "other-definition",
    ): "the layer was loaded with another definition than the one given now",
    ("InvalidInput", "outside-lattice"): "a point is outside the city's square of 10,000 km by 10,000 km",
    ("InvalidInput", "place-needed"): "nothing, or not enough, says where the rows of a file happened",
    ("InvalidInput", "time-format-needed"): "the times of a file can be read in several ways, or in none",
    ("InvalidInput", "too-many-rejected"): "more rows are rejected than allowed; nothing was loaded",
    ("InvalidInput", "unknown-time-format"): "a time format has a part that is not known, or is not allowed",
    (
        "InvalidInput",
        "empty-period",
    ): "there is no time between a start and an end; the end is before the start",
    ("InvalidInput", "unreadable-filter"): "the filter is not CQL2, or is nested too deep",
    ("InvalidInput", "unreadable-geometry"): "what a filter writes is no geometry, no box, or has no place",
    ("InvalidInput", "unreadable-source"): "the file cannot be read as the format it is said to be in",
    ("InvalidInput", "unreadable-time"): "not a time as ISO 8601 writes it, or one that does not exist",
    ("InvalidInput", "wrong-type"): "the filter compares or computes with values whose types do not fit",
    ("InvalidInput", "zone-needed"): "a wall-clock time was given without a zone",
    ("StorageError", "connection-lost"): "a database of records does not answer, or ended the connection",
    ("StorageError", "disk-full"): "the disk is full",
    ("StorageError", "insecure-endpoint"): "a bucket's server does not encrypt what is sent to it",
    ("StorageError", "no-bucket"): "there is no such bucket or container",
    (
        "StorageError",
        "no-credentials",
    ): "a bucket needs credentials, and the environment and the options have none",
    ("StorageError", "no-permission"): "a file, a folder, a database or a bucket may not be read or written",
    (
        "StorageError",
        "outcome-unknown",
    ): "a file was written to a bucket, or was not, or still will be: the answer was lost. Nothing may be cleaned up",
    ("StorageError", "picture-not-written"): "the file of a map cannot be written",
    (
        "StorageError",
        "read-only",
    ): "the disk or the database is read-only, or a store does not keep what commits need",
    (
        "StorageError",
        "truncated",
    ): "answers of a bucket's server ended too early, however often they were asked for",
    ("StorageError", "unavailable"): "a bucket's server refused every try: it is overloaded or fails",
    (
        "StorageError",
        "unreachable",
    ): "a bucket's server did not answer in any try, or the connection was lost",
    ("StorageError", "wrong-region"): "a bucket is in another region than was asked",
    (
        "StorageError",
        "storage",
    ): "the disk, or a table on it, failed in another way; the message repeats what it said",
}
"""Meanings where the messages are mostly values, or too many."""

_HEAD = """# Errors

Every error that stcloud raises on purpose is a `stcloud.StcloudError`. Its **class** says what a handler would do
about it and decides the exit code; its **kind** is the precise fact, for machines. Kinds are only ever added, never
renamed.

- `error.kind`: one of the kinds below.
- `error.message`: what was asked and what was found, with values; `str(error)` adds the hint.
- `error.hint`: one thing to do, or nothing.
- `error.nearest` (`NotFound`): names that exist and are spelt alike.
- `error.faults` (`InvalidDefinition`): all faults of a definition.

```python
import stcloud as st

try:
    st.open("nowhere")
except st.StcloudError as error:
    assert error.kind == "no-city"
    assert isinstance(error, KeyError)
```

`NotFound` is a `KeyError`, `InvalidInput` a `ValueError`, `MissingExtra` an `ImportError`, `StorageError` an
`OSError`.

On the command line an error is one line on stderr. `STCLOUD_DEBUG=1` adds the traceback. A usage error of the command
line itself (an unknown option, a missing argument) has no kind.
"""


def page() -> str:
    """Return ``errors.md``."""
    kinds = _kinds()
    parts = [GENERATED, _HEAD]
    for one in CLASSES:
        summary = inspect.cleandoc(one.__doc__ or "").splitlines()[0].replace("``", "`")
        parts += [
            f"## {one.__name__}",
            "",
            f"{summary} Exit code {_code(one)}.",
            "",
            "| kind | meaning |",
            "|---|---|",
        ]
        found = sorted((kind, said) for (name, kind), said in kinds.items() if name == one.__name__)
        parts += [*(f"| `{kind}` | {said} |" for kind, said in found), ""]
    return "\n".join(parts).rstrip("\n") + "\n"


def _kinds() -> dict[tuple[str, str], str]:
    """Return the meaning of each class and kind."""
    templates: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        if "testing" not in path.relative_to(PACKAGE).parts:
            for name, kind, template in _calls(path):
                templates[name, kind].append(template)
    gone = MEANINGS.keys() - templates.keys()
    if gone:
        raise SystemExit(f"docs/pages/errors.py tells of kinds that nothing raises: {sorted(gone)}")
    known = {
        pair: MEANINGS.get(pair) or "; or ".join(dict.fromkeys(found)) for pair, found in templates.items()
    }
    return {pair: said.replace("|", "\\|") for pair, said in known.items()}


def _calls(path: Path) -> Iterator[tuple[str, str, str]]:
    """Give class, kind and message template of each error made in a file."""
    place = path.relative_to(PACKAGE).as_posix()
    names = {one.__name__ for one in CLASSES}
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            not isinstance(call, ast.Call)
            or not isinstance(call.func, ast.Name | ast.Attribute)
            or not call.args
        ):
            continue
        name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr
        if name not in names:
            continue
        template = _template(call.args[1]) if len(call.args) > 1 else ""
        first = call.args[0]
        kinds = (str(first.value),) if isinstance(first, ast.Constant) else COMPUTED[place, name]
        for kind in kinds:
            yield name, kind, template


def _template(node: ast.expr) -> str:
    """Return a message with ``…`` for its values."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values)
        text = re.sub(r"'…'|\"…\"", "…", text)
        return re.sub(r"( \([^()]*…\)|: ?…|…: …)+$|^…: (?=\w)", "", text)
    return "…"


def _code(error: type[Exception]) -> int:
    if error is Cancelled:
        return CANCELLED
    return next((code for one, code in CODES if issubclass(error, one)), BUG)
