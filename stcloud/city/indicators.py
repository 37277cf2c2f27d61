"""The indicators of a city: definitions of which every version stays, values of any period, scores and ranks.

Definitions are a list that the city keeps: ``indicators/0001.toml``, ``indicators/0002.toml``.

Tested by `tests/city/test_indicators.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stcloud.city.indicatorreading import WHOLE, IndicatorReading
from stcloud.city.indicatorscores import GivenWeights, IndicatorScores, Scoring
from stcloud.city.indicatorvalues import IndicatorValues
from stcloud.city.keptlist import KeptList, KeptVersion
from stcloud.daas.definition.document import toml_of
from stcloud.errors import Conflict, FormatError, InvalidInput, NotFound, StcloudError
from stcloud.iaas.store.folder import Folder, read_text
from stcloud.paas.indicator.indicatordocument import IndicatorDocument
from stcloud.paas.indicator.indicatortree import IndicatorTree
from stcloud.paas.indicator.weightsensitivity import check_draws, weight_sensitivity
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.pin import GivenKnown, OriginInstant, Pin, read_known
from stcloud.time import Span, parse_when, span_text

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.iaas.clock import Clock
    from stcloud.paas.indicator.composite import Method, Missing
    from stcloud.paas.indicator.normalised import Normalisation
    from stcloud.paas.indicator.tiedranks import Ties
    from stcloud.time import TimeSpan

__all__ = ["CityIndicators"]

_RULE = "indicators"
_LISTED = (
    "indicator", "title", "node", "unit", "direction", "factor", "cadence", "weight", "values", "source",
)  # fmt: skip


class CityIndicators:
    """The indicators of a city; `City.indicators` has them.

    Parameters
    ----------
    city, folder, clock
        The city, where it lies, and what returns the present instant, UTC microseconds.
    """

    def __init__(self, city: City, folder: Folder, clock: Clock) -> None:
        self._city = city
        self._kept = KeptList(folder, "indicators", ".toml", clock)

    def define(self, document: str | os.PathLike[str] | Mapping[str, Any]) -> IndicatorTree:
        """Make a document the city's indicators; it replaces the document before it as a whole.

        Parameters
        ----------
        document
            A TOML file, or its keys and values.

        Returns
        -------
        The tree. Nothing is recorded where the newest document means the same.

        Raises
        ------
        NotFound
            ``unknown-source``: there is no such file; ``unknown-frame``.
        InvalidDefinition
            As `IndicatorTree.from_toml`.
        Conflict
            ``indicators-changed``: somebody else defined indicators at this moment.
        """
        text, name = _document(document)
        tree = IndicatorTree.from_toml(text, name=name)
        newest = self._kept.known_at(None)
        if (newest is None or _tree_of(newest).digest != tree.digest) and not self._kept.append(text):
            raise Conflict(
                "indicators-changed",
                "somebody else defined indicators of the city at this moment",
                hint="try again",
            )
        return tree

    def tree(self, known_at: GivenKnown | None = None) -> IndicatorTree:
        """Return the definitions as they were known at an instant, None: now; `NotFound` ``no-definitions``."""
        return _tree_of(self._version(known_at))

    def list(self, known_at: GivenKnown | None = None) -> Answer:
        """Return the indicators as an answer, a row each, in the order of the tree.

        Columns: ``indicator``, ``title``, ``node`` (with the nodes above it), ``unit``, ``direction``, ``factor``,
        ``cadence``, ``weight`` (effective, of all indicators together; null: unclear), ``values`` (``computed``,
        ``entered``, or null: not defined) and ``source``.
        """
        version = self._version(known_at)
        tree = _tree_of(version)
        weights = _weights(tree)
        rows = [
            {
                "indicator": name, "title": each.title, "node": " / ".join(tree.nodes_above(each.node)) or None,
                "unit": each.unit or None, "direction": each.direction, "factor": each.factor,
                "cadence": each.cadence, "weight": weights.get(name),
                "values": "entered" if each.entered else "computed" if each.numerator else None,
                "source": each.source or None,
            }
            for name, each in tree.indicators.items()
        ]  # fmt: skip
        floats = ("factor", "weight")
        schema = pa.schema([(name, pa.float64() if name in floats else pa.string()) for name in _LISTED])
        facts = {"indicators": tree.id, "defined": self._city.configuration.zone.iso(version.recorded_us)}
        return Answer(pa.Table.from_pylist(rows, schema), self._city.configuration.lattice, facts)

    def values(
        self, period: TimeSpan, by: str | None = None, names: str | Iterable[str] = (), *,
        known_at: GivenKnown | None = None,
    ) -> IndicatorValues:  # fmt: skip
        """Return the values of indicators of a period, by group.

        Parameters
        ----------
        period
            ``2024``, ``2024-Q1``, ``2024-03``, ``2024-03-01/2024-06-01``, or a pair of instants; half-open.
        by
            What values are grouped by, as for `Query.measure`: ``in:communities``, ``street``, a column; None: the
            whole city. Of ``in:LAYER`` each feature that is there at the end of the period is a group.
        names
            Indicators, or nodes: all indicators below them; none: all.
        known_at
            Definitions and layers as they were known at a recorded instant, or at the pin of earlier values.

        Raises
        ------
        NotFound, InvalidInput
            ``no-definitions``, ``unknown-indicator``; ``no-indicators``, ``open-period``, ``no-entered-values``, and
            what the questions raise, with the name of the indicator.
        """
        city = self._city
        span = self._period(period)
        known = None if known_at is None else read_known(known_at, city.configuration.zone)
        version = self._version(known)
        tree = _tree_of(version)
        chosen = tree.chosen(names)
        reading = IndicatorReading(city, span, by, known)
        values = _read(reading, tree, chosen)
        if not reading.agrees():  # a load came in between: read all at the same instants
            reading = IndicatorReading(city, span, by, reading.pin())
            values = _read(reading, tree, chosen)
        groups = (
            [WHOLE]
            if by is None
            else sorted({group for _, of in values for group in of.groups} | set(reading.features()))
        )
        outside = ", ".join(f"{name} {of.outside:g}" for name, of in values if of.outside)
        pin = reading.pin().joined(Pin.of({}, {_RULE: str(version.recorded_us)}))
        facts = {"period": span_text(period, city.configuration.zone)} | ({} if by is None else {"by": by})
        facts |= {"outside of all groups": outside} if outside else {}
        facts["defined"] = city.configuration.zone.iso(version.recorded_us)
        return IndicatorValues.of(
            {name: {group: of.value(group) for group in groups} for name, of in values}, groups, tree, facts, pin,
            city.configuration.lattice, reading.place_of("group"),
        )  # fmt: skip

    def composite(
        self, period: TimeSpan, by: str, names: str | Iterable[str] = (), *, method: Method = "sum",
        weights: GivenWeights = "stated", normalise: Normalisation | None = None, missing: Missing = "leave-out",
        ties: Ties = "min", known_at: GivenKnown | None = None,
    ) -> IndicatorScores:  # fmt: skip
        """Return a score of each group by several indicators, and its rank.

        Parameters
        ----------
        period, by, names, known_at
            As for `values`.
        method
            ``sum`` of weights times normalised values; ``topsis``; ``pca``, the first principal component.
        weights
            ``stated`` (down the tree), ``equal``, ``entropy``, or weights by indicator; ``pca`` has none of them.
        normalise
            ``min-max``, ``z-score``, ``target``, ``vector``; None: ``min-max``, of ``topsis`` ``vector``.
        missing
            Groups without all values: ``leave-out``, ``reweigh``, ``refuse``.
        ties
            Rank of equal scores: ``min``, ``max``, ``average``, ``dense``.

        Raises
        ------
        NotFound, InvalidInput
            What `values`, `composite_of` and the weights raise; ``no-direction``; ``unknown-weights``.
        """
        scoring = Scoring(method, weights, normalise, missing, ties)
        values = self.values(period, by, names, known_at=known_at)
        return IndicatorScores(values, scoring.of(values)[0])

    def rank(
        self, period: TimeSpan, by: str, names: str | Iterable[str] = (), *, method: Method = "sum",
        weights: GivenWeights = "stated", normalise: Normalisation | None = None, missing: Missing = "leave-out",
        ties: Ties = "min", spread: float = 0.1, draws: int = 1000, seed: int | None = None,
        known_at: GivenKnown | None = None,
    ) -> IndicatorScores:  # fmt: skip
        """Return scores and ranks, and how far the ranks depend on the weights.

        Parameters
        ----------
        period, by, names, method, weights, normalise, missing, ties, known_at
            As for `composite`.
        spread, draws, seed
            Each of ``draws`` times weights change by up to this share, drawn with the seed; as for
            `weight_sensitivity`.

        Raises
        ------
        NotFound, InvalidInput
            What `composite` raises; ``no-seed``, ``bad-seed``, ``bad-spread``, ``bad-draws``.
        """
        scoring = Scoring(method, weights, normalise, missing, ties)
        check_draws(method, spread, draws, seed)
        values = self.values(period, by, names, known_at=known_at)
        composite, weigh = scoring.of(values)
        sensitivity = weight_sensitivity(composite, weigh, spread=spread, draws=draws, seed=seed)
        return IndicatorScores(values, composite, sensitivity)

    def _period(self, period: TimeSpan) -> Span:
        zone = self._city.configuration.zone
        span = parse_when(span_text(period, zone), zone)
        if span.start_us is None or span.end_us is None:
            raise InvalidInput(
                "open-period", f"'{span_text(period, zone)}' has no {'start' if span.start_us is None else 'end'}",
                hint="name a period, as in 2024, 2024-Q1 or 2024-03",
            )  # fmt: skip
        return span

    def _version(self, known_at: GivenKnown | None) -> KeptVersion:
        """Return the document that was known; a pin that does not name it means its latest instant."""
        known = None if known_at is None else read_known(known_at, self._city.configuration.zone)
        if isinstance(known, Pin):
            named = dict(known.rules).get(_RULE)
            known = int(named) if named is not None else max((at_us for _, at_us in known.layers), default=0)
        version = self._kept.known_at(known.at_us if isinstance(known, OriginInstant) else known)
        if version is None:
            when = "" if known is None else " at that instant"
            raise NotFound(
                "no-definitions", f"city '{self._city.name}' had no indicators defined{when}",
                hint="define some: city.indicators.define(DOCUMENT)",
                in_shell="define some: stcloud indicators define CITY DOCUMENT",
            )  # fmt: skip
        return version


def _read(reading: IndicatorReading, tree: IndicatorTree, names: Iterable[str]) -> Any:
    """Read indicators; an error of a question says of which one it is."""
    read = []
    for name in names:
        try:
            read.append((name, reading.read(name, tree.indicators[name])))
        except StcloudError as error:
            error.prefix(f"indicator '{name}'")
            raise
    return read


def _document(document: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[str, str]:
    """Return the text of a document, and what to call it."""
    if isinstance(document, Mapping):
        IndicatorTree.from_document(document, name="indicators")
        clause = IndicatorDocument.model_validate(document)
        return toml_of(clause.model_dump(mode="json", exclude_defaults=True)), "indicators"
    path = Path(document)
    if not path.is_file():
        raise NotFound("unknown-source", f"there is no file {path}")
    return read_text(path), path.name


def _tree_of(version: KeptVersion) -> IndicatorTree:
    try:
        return IndicatorTree.from_toml(version.text, name=version.key)
    except StcloudError as error:
        raise FormatError("damaged-city", str(error)) from error


def _weights(tree: IndicatorTree) -> dict[str, float]:
    try:
        return dict(zip(tree.indicators, tree.weights(tuple(tree.indicators)), strict=True))
    except InvalidInput:  # unclear: each choice of indicators has its own
        return {}
