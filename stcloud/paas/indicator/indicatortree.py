"""Trees of indicators: a document of a city and the frame that it extends, checked; weights down the tree.

Tested by `tests/paas/indicator/test_indicatortree.py`.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import fsum
from typing import Any, Self

from stcloud.daas.definition.clause import Closed, definition_faults
from stcloud.errors import InvalidDefinition, InvalidInput, NotFound, nearest
from stcloud.iaas.bundle import bundled_text, indicator_frames
from stcloud.paas.indicator.indicatordocument import CityIndicator, IndicatorDocument, TreeNode
from stcloud.paas.query.spec.question import Question

__all__ = ["IndicatorTree", "read_frame"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class IndicatorTree:
    """Nodes and indicators; checked.

    Attributes
    ----------
    id, title
        Of the document.
    nodes, indicators
        By name, in the order of the document; those of the frame that it extends come first.
    digest
        Of what the document means, 16 hexadecimal digits.

    Examples
    --------
    >>> frame = read_frame("smart-city-2016")
    >>> len(frame.nodes), frame.nodes["citizen_experience"].weight, len(frame.indicators)
    (8, 20.0, 0)
    """

    id: str
    title: str
    nodes: Mapping[str, TreeNode]
    indicators: Mapping[str, CityIndicator]
    digest: str

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> Self:
        """Read a TOML document, whose ``name`` is put in errors.

        Raises
        ------
        InvalidDefinition
            ``not-toml``, ``invalid-definition``; ``unsound-indicators``: unknown nodes, nodes below themselves,
            siblings of which only some have weights, each in a line.
        NotFound
            ``unknown-frame``: it extends one that is not bundled.
        """
        with definition_faults(name, _keys):
            return cls.from_document(tomllib.loads(text), name=name)

    @classmethod
    def from_document(cls, document: Mapping[str, object], *, name: str) -> Self:
        """Return the tree of a document's keys and values; errors are those of `from_toml`."""
        with definition_faults(name, _keys):
            clause = IndicatorDocument.model_validate(document)
        frame = None if clause.extends is None else read_frame(clause.extends)
        nodes = (dict(frame.nodes) if frame else {}) | clause.nodes
        indicators = (dict(frame.indicators) if frame else {}) | clause.indicators
        tree = cls(clause.id, clause.title, nodes, indicators, _digest(clause))
        if faults := list(tree._faults()):
            raise InvalidDefinition("unsound-indicators", name, faults=faults)
        return tree

    def __repr__(self) -> str:
        return f"IndicatorTree {self.id}: {len(self.nodes)} nodes, {len(self.indicators)} indicators"

    def indicator(self, name: str) -> CityIndicator:
        """Return an indicator; `NotFound` ``unknown-indicator``, with the nearest."""
        if name not in self.indicators:
            close = nearest(name, self.indicators)
            raise NotFound(
                "unknown-indicator", f"there is no indicator '{name}'", nearest=close,
                hint="" if close else f"use one of {', '.join(self.indicators) or 'none: define some'}",
            )  # fmt: skip
        return self.indicators[name]

    def chosen(self, names: str | Iterable[str]) -> tuple[str, ...]:
        """Return names of indicators; of a node, those of all indicators below it.

        Raises
        ------
        NotFound
            ``unknown-indicator``.
        InvalidInput
            ``no-indicators``: there are none.
        """
        given = (names,) if isinstance(names, str) else tuple(names)
        chosen = [each for name in given or (None,) for each in self._below(name)]
        if not chosen:
            below = f" below '{given[0]}'" if given else ""
            raise InvalidInput(
                "no-indicators", f"'{self.id}' has no indicators{below}",
                hint="define some: city.indicators.define(DOCUMENT)",
                in_shell="define some: stcloud indicators define CITY DOCUMENT",
            )  # fmt: skip
        return tuple(dict.fromkeys(chosen))

    def nodes_above(self, name: str | None) -> tuple[str, ...]:
        """Return the names of a node and of those above it, from the root on."""
        path: list[str] = []
        while name is not None and name not in path:
            path.append(name)
            name = self.nodes[name].parent if name in self.nodes else None
        return tuple(reversed(path))

    def weights(self, names: Sequence[str]) -> tuple[float, ...]:
        """Return the weight of each of some indicators; together they are 1.

        A weight is shared out from the root down: among siblings, be they nodes or indicators, in proportion to
        their stated weights, equally where they state none. Nodes without any of these indicators take no part.

        Raises
        ------
        InvalidInput
            ``no-weight``: all weights of some siblings are 0; ``unclear-weights``: only some of them have one.
        """
        places = {name: self.nodes_above(self.indicator(name).node) for name in names}
        shares: dict[tuple[str, ...], dict[tuple[str, str], float]] = {}
        for name, path in places.items():
            for depth in range(len(path) + 1):
                last = depth == len(path)
                child = ("indicator", name) if last else ("node", path[depth])
                stated = self.indicators[name].weight if last else self.nodes[path[depth]].weight
                shares.setdefault(path[:depth], {})[child] = -1.0 if stated is None else stated
        for path, children in shares.items():
            shares[path] = _shared(children, path)
        weights = []
        for name, path in places.items():
            weight = shares[path]["indicator", name]
            for depth, node in enumerate(path):
                weight *= shares[path[:depth]]["node", node]
            weights.append(weight)
        return tuple(weights)

    def _below(self, name: str | None) -> tuple[str, ...]:
        """Return the indicators below a node, all where there is no name; an indicator is itself."""
        if name is not None and name not in self.nodes:
            self.indicator(name)
            return (name,)
        return tuple(
            each
            for each, clause in self.indicators.items()
            if name is None or name in self.nodes_above(clause.node)
        )

    def _faults(self) -> Iterator[str]:
        for name, node in self.nodes.items():
            if node.parent is not None and node.parent not in self.nodes:
                yield f"nodes.{name}: there is no node '{node.parent}'{_proposal(node.parent, self.nodes)}"
            elif self._is_below_itself(name):
                yield f"nodes.{name}: it lies below itself"
            if name in self.indicators:
                yield f"nodes.{name}: an indicator has that name"
        for name, clause in self.indicators.items():
            if clause.node is not None and clause.node not in self.nodes:
                yield f"indicators.{name}: there is no node '{clause.node}'{_proposal(clause.node, self.nodes)}"

    def _is_below_itself(self, name: str) -> bool:
        seen, above = {name}, self.nodes[name].parent
        while above is not None and above in self.nodes:
            if above in seen:
                return above == name
            seen.add(above)
            above = self.nodes[above].parent
        return False


def _shared(stated: Mapping[tuple[str, str], float], path: tuple[str, ...]) -> dict[tuple[str, str], float]:
    """Return weights of siblings as shares; -1 is not stated."""
    where = f"below '{path[-1]}'" if path else "at the top"
    unstated = [name for (_, name), weight in stated.items() if weight < 0]
    if unstated and len(unstated) < len(stated):
        raise InvalidInput(
            "unclear-weights", f"of what is {where} '{unstated[0]}' has no weight, and others have one",
            hint="state a weight of each of them, or of none",
        )  # fmt: skip
    if unstated:
        return dict.fromkeys(stated, 1 / len(stated))
    total = fsum(stated.values())
    if total == 0:
        raise InvalidInput(
            "no-weight", f"all weights {where} are 0", hint="state one that is greater, or choose others"
        )
    return {child: weight / total for child, weight in stated.items()}


@lru_cache(maxsize=8)
def read_frame(name: str) -> IndicatorTree:
    """Return a bundled frame, a tree without indicators, by its name; `NotFound` ``unknown-frame``."""
    if name not in indicator_frames():
        raise NotFound(
            "unknown-frame", f"there is no bundled frame {name!r}",
            nearest=nearest(name, indicator_frames()), hint=f"use {', '.join(indicator_frames())}",
        )  # fmt: skip
    return IndicatorTree.from_toml(bundled_text("layers", "frames", f"{name}.toml"), name=f"{name}.toml")


def _digest(clause: IndicatorDocument) -> str:
    text = json.dumps(
        clause.model_dump(mode="json", exclude_defaults=True), sort_keys=True, ensure_ascii=False
    )
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _proposal(name: str, known: Iterable[str]) -> str:
    close = nearest(name, known)
    return f"; did you mean '{close[0]}'?" if close else ""


_CLAUSES: Mapping[str, type[Closed]] = {"nodes": TreeNode, "indicators": CityIndicator}


def _keys(place: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the keys that are known at a place of the document."""
    clause: Any = _CLAUSES.get(str(place[0])) if place else IndicatorDocument
    if len(place) > 2:
        clause = Question
    return tuple(clause.model_fields) if clause else ()
