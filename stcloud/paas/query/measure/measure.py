"""Measures of a group of rows: how many, how much, how long.

A measure is written as a function over columns and arithmetic, in the words of CQL2::

    count · count(X) · distinct(X) · sum(X) · mean(X) · min(X) · max(X) · median(X) · quantile(X, 0.9) · p90(X)
    per_km2 · per_1000(LAYER.COLUMN)

X is a column, a number, arithmetic of numbers, or a duration: ``closed - opened`` of instants or dates, in hours, or
``days(closed - opened)``, ``hours(…)``, ``minutes(…)``, ``seconds(…)``. ``name = …`` before it names the field.

Tested by `tests/conformance/test_measures.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput, Unsupported, nearest
from stcloud.paas.query import filter as filters
from stcloud.paas.query.measure.duration import UNITS, Duration, read_duration
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.binder import Binder
from stcloud.time import Zone

__all__ = ["COUNT", "FUNCTIONS", "RATES", "Measure", "quantiles"]

RATES = ("per_km2", "per_1000")
"""Counts told in proportion to a group's area, or to what a column of the groups' layer counts."""
FUNCTIONS = ("count", "distinct", "sum", "mean", "min", "max", "median", "quantile", *RATES)
_BARE = ("count", "per_km2")
_NUMERIC = {"integer", "number"}
_PERCENT = re.compile(r"p(\d{1,2})")
_WORDS = {"+": "plus", "-": "minus", "*": "times", "/": "over"}


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is told of every group.

    Parameters
    ----------
    name
        The field of the answer.
    function
        One of `FUNCTIONS`.
    tree
        What it is of, CQL2-JSON as text; empty: of rows.
    share
        Of a quantile: which, 0 to 1.

    Examples
    --------
    >>> columns = {"height": Attribute("height", "height", "number")}
    >>> Measure.read("p90(height)", columns, Zone("UTC"))
    Measure(name='p90_height', function='quantile', tree='{"property": "height"}', share=0.9)
    """

    name: str
    function: str
    tree: str = ""
    share: float | None = None

    @classmethod
    def read(cls, text: str, attributes: Mapping[str, Attribute], zone: Zone) -> Measure:
        """Read a measure and check it against columns.

        Raises
        ------
        InvalidInput
            ``unreadable-measure``, ``unknown-measure``, ``wrong-type``.
        NotFound
            ``unknown-column``, with the nearest.
        """
        name, node = _named(text)
        function, arguments = _called(node, text)
        share = _share(function, arguments, text)
        function = "quantile" if share is not None else function
        if (
            len(arguments) > 1
            or (not arguments and function not in _BARE)
            or (arguments and function == "per_km2")
            or None in arguments
        ):
            raise _unreadable(text)
        tree = arguments[0] if arguments else None
        if function == "per_1000" and "property" not in (tree if isinstance(tree, dict) else {}):
            raise _unreadable(text)
        written = "" if tree is None else json.dumps(tree, ensure_ascii=False)
        made = cls(name or _name(function, share, tree, attributes), function, written, share)
        if not made.is_rate:
            made.type_of(attributes, zone)
        return made

    @property
    def is_rate(self) -> bool:
        """Whether it is a count in proportion to something that the rows do not tell."""
        return self.function in RATES

    def __str__(self) -> str:
        return self.name

    def duration(self, attributes: Mapping[str, Attribute]) -> Duration | None:
        """Return the duration that it is of, or None."""
        return read_duration(json.loads(self.tree), attributes) if self.tree and not self.is_rate else None

    def type_of(self, attributes: Mapping[str, Attribute], zone: Zone) -> str:
        """Return the type of its values: that of a column, ``integer`` or ``number``."""
        if self.is_rate:
            return "number"
        kind = self._kind(attributes, zone) if self.tree else "integer"
        if self.function in ("count", "distinct"):
            return "integer"
        if self.function in ("min", "max") and kind != "boolean":
            return kind
        if kind not in _NUMERIC:
            raise InvalidInput(
                "wrong-type",
                f"'{self.function}' is of numbers and durations, {_shown(json.loads(self.tree))} is of type {kind}",
                hint="count it, or distinct(…); a definition says which columns are numbers",
            )  # fmt: skip
        return kind if self.function == "sum" else "number"

    def _kind(self, attributes: Mapping[str, Attribute], zone: Zone) -> str:
        tree = json.loads(self.tree)
        return "number" if read_duration(tree, attributes) else self._of(tree, attributes, zone).kind

    def given(
        self,
        attributes: Mapping[str, Attribute],
        zone: Zone,
        binder: Binder,
        until_us: int | None,
        owner: str | None = None,
    ) -> exp.Expression:
        """Return what is measured, of one row.

        Parameters
        ----------
        attributes, zone, binder
            The columns; of timestamps without an offset; takes the values.
        until_us
            Durations that have not ended by this instant, UTC microseconds, count until it.
        owner
            The table whose columns are meant; None: the only one.
        """
        tree = json.loads(self.tree)
        lasting = read_duration(tree, attributes)
        return (
            filters.Statement(binder, owner).of(self._of(tree, attributes, zone))
            if lasting is None
            else lasting.sql(binder, until_us, zone)
        )

    def _of(self, tree: Any, attributes: Mapping[str, Attribute], zone: Zone) -> filters.Node:
        node = filters.Checker(filters.Names(attributes), zone).value(tree)
        if not filters.in_sql(node):
            raise Unsupported(
                "unmeasurable", f"'{self.name}' is of what no engine can measure",
                hint="measure columns, + - * / of numbers, or durations",
            )  # fmt: skip
        return node

    @property
    def quantile(self) -> float:
        """Which quantile it tells, of a median or quantile."""
        return 0.5 if self.share is None else self.share

    def over(self, given: exp.Expression) -> exp.Expression:
        """Return the measure of a column that holds what is measured."""
        if self.function == "count":
            return exp.Count(this=given)
        if self.function == "distinct":
            return exp.Count(this=exp.Distinct(expressions=[given]))
        if self.function in ("quantile", "median"):
            return exp.PercentileCont(
                this=exp.cast(given, "double"), expression=exp.Literal.number(self.quantile)
            )
        if self.function == "mean":
            return exp.Avg(this=exp.cast(given, "double"))
        kinds: Mapping[str, Callable[..., exp.Expression]] = {"sum": exp.Sum, "min": exp.Min, "max": exp.Max}
        return kinds[self.function](this=given)


def quantiles(given: exp.Expression, shares: Sequence[float]) -> exp.Expression:
    """Return several quantiles of a column, as one list."""
    wanted = exp.Array(expressions=[exp.Literal.number(share) for share in shares])
    return exp.PercentileCont(this=exp.cast(given, "double"), expression=wanted)


COUNT = Measure("count", "count")
"""How many rows."""


def _named(text: str) -> tuple[str | None, Any]:
    """Return the name that a text gives a measure, if any, and the measure as CQL2-JSON."""
    for whole in (text, f"{text} = 0"):
        tree = _parsed(whole)
        if isinstance(tree, dict) and tree.get("op") == "=":
            left, right = tree["args"]
            if whole == text and isinstance(left, dict) and "property" in left:
                return str(left["property"]), right
            if whole != text:
                return None, left
    raise _unreadable(text)


def _parsed(text: str) -> Any:
    return filters.parse_expression(text, "unreadable-measure", "the measure")


def _called(node: Any, text: str) -> tuple[str, list[Any]]:
    if isinstance(node, dict) and node.get("property") in _BARE:
        return str(node["property"]), []
    if not isinstance(node, dict) or "op" not in node:
        raise _unreadable(text)
    function = str(node["op"]).lower()
    if function not in FUNCTIONS and not _PERCENT.fullmatch(function):
        near = nearest(function, FUNCTIONS)
        raise InvalidInput(
            "unknown-measure", f"'{text}': there is no measure '{function}'", hint=_remedy(function, text, near),
        )  # fmt: skip
    return function, list(node.get("args", []))


def _remedy(function: str, text: str, near: Sequence[str]) -> str:
    """Return what to write instead of a measure that is not known."""
    if function in UNITS:
        return f"a duration is no measure by itself: median({text}), mean({text})"
    return f"did you mean '{near[0]}'?" if near else f"there are {', '.join(FUNCTIONS)} and p90"


def _shown(tree: Any) -> str:
    """Return what a measure is of, for an error: the name of its column, or that it is computed."""
    return f"'{tree['property']}'" if isinstance(tree, dict) and "property" in tree else "its argument"


def _share(function: str, arguments: list[Any], text: str) -> float | None:
    """Return which quantile is asked for, and take it from the arguments."""
    percent = _PERCENT.fullmatch(function)
    if percent:
        return int(percent[1]) / 100
    if function != "quantile":
        return None
    share = arguments.pop() if len(arguments) == 2 else None
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
        raise InvalidInput(
            "unreadable-measure", f"'{text}' does not say which quantile", hint="e.g. quantile(height, 0.9)"
        )
    return float(share)


def _name(function: str, share: float | None, tree: Any, attributes: Mapping[str, Attribute]) -> str:
    if tree is None:
        return function
    if function in RATES:
        return f"{function}_{str(tree.get('property')).rpartition('.')[2]}"
    lasting = read_duration(tree, attributes)
    first = function if share is None else f"p{share * 100:g}".replace(".", "_")
    return f"{first}_{_slug(tree) if lasting is None else lasting.words}"


def _slug(tree: Any) -> str:
    if isinstance(tree, dict) and "property" in tree:
        return str(tree["property"])
    if isinstance(tree, dict) and "op" in tree:
        parts = [_slug(argument) for argument in tree["args"]]
        return f"_{_WORDS.get(tree['op'], tree['op'])}_".join(parts)
    if isinstance(tree, dict):
        return str(next(iter(tree.values()), ""))
    return f"{tree:g}" if isinstance(tree, int | float) else str(tree)


def _unreadable(text: str) -> InvalidInput:
    return InvalidInput(
        "unreadable-measure",
        f"'{text}' is no measure",
        hint="e.g. count, mean(height), median(closed - opened)",
    )
