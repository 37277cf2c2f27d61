"""What places may be named by, and the reading of one call of ``where``.

Tested by `tests/paas/query/resolve/test_sites.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stcloud.daas.configuration import CityConfiguration
from stcloud.errors import InvalidInput, NotFound, Unsupported
from stcloud.iaas.store.folder import is_name
from stcloud.paas.query.condition.located import Located, Neighbours
from stcloud.paas.query.condition.place import Place
from stcloud.paas.query.condition.units import InUnits, OnDuty
from stcloud.paas.query.parse.units import UnitIndex, in_units, on_duty
from stcloud.paas.query.parse.where import PlaceInput, read_where
from stcloud.paas.query.place.formula import And, Formula, Not, Or, joined, read_formula, settled, shown
from stcloud.paas.query.place.spec import FORMS, Beside, read_spec
from stcloud.paas.query.plan.condition import Condition
from stcloud.space import read_crs
from stcloud.time import instant_us

__all__ = ["PlaceContext", "read_places"]

_PLAIN = ("bbox", "wkt", "cell", "file")


@dataclass(frozen=True, slots=True)
class PlaceContext:
    """What places may be named by, for questions about one layer.

    Parameters
    ----------
    layer
        Its name.
    configuration
        The city's.
    index
        Of the events on a unit grid.
    features
        Gives a layer of features of the same city; None: there are no others.
    """

    layer: str
    configuration: CityConfiguration
    index: UnitIndex | None
    features: Callable[[str], object] | None
    indexed: bool = False
    """Whether it holds features itself."""


def read_places(
    places: Sequence[PlaceInput | Formula], context: PlaceContext, crs: str | None
) -> list[Condition]:
    """Read the places of one call of ``where``, as conditions that must all hold.

    Parameters
    ----------
    places
        Alternatives: texts with or without ``and``, ``or``, ``not``, and whatever `read_where` takes.
    context
        What may be named.
    crs
        CRS of polygons and WKT; None: longitude and latitude.

    Raises
    ------
    InvalidInput
        ``bad-formula``, ``unknown-where``, ``unknown-distance``, ``not-features`` and those of `read_where`,
        `in_units` and `on_duty`; ``unknown-crs``.
    NotFound
        ``unknown-layer``, ``renamed-layer``
    """
    if crs is not None:
        read_crs(crs)  # whether or not a place needs it
    formulas = [read_formula(place) if isinstance(place, str) else place for place in places]
    whole = settled(Or(tuple(formulas)))
    read = _Reading(context, crs)
    parts = whole.parts if isinstance(whole, And) else (whole,)
    terms = [read.formula(part) for part in parts]
    return [term if isinstance(term, Condition) else Located(term) for term in terms]


@dataclass(frozen=True, slots=True)
class _Reading:
    context: PlaceContext
    crs: str | None

    def formula(self, formula: Formula) -> Formula:
        """Read a settled formula; alternatives that can be looked up as one are made one."""
        if isinstance(formula, Not):
            return Not(self._alike([formula.part])[0])
        if isinstance(formula, And):
            return And(tuple(self.formula(part) for part in formula.parts))
        parts = formula.parts if isinstance(formula, Or) else (formula,)
        mixed = [part for part in parts if isinstance(part, Not | And)]
        leaves = [part for part in parts if not isinstance(part, Not | And)]
        if not parts:
            raise InvalidInput(
                "no-place", "where was asked without a place", hint="e.g. bbox:-74.05,40.68,-73.90,40.83"
            )
        return joined(Or, [*self._alike(leaves), *(self.formula(part) for part in mixed)])

    def _alike(self, leaves: Sequence[PlaceInput]) -> list[Place | InUnits | OnDuty | Neighbours]:
        kinds: dict[str, list[PlaceInput]] = {}
        for leaf in leaves:
            kinds.setdefault(_kind(leaf), []).append(leaf)
        return [operand for kind, some in kinds.items() for operand in self._operands(kind, some)]

    def _operands(self, kind: str, some: Sequence[PlaceInput]) -> list[Place | InUnits | OnDuty | Neighbours]:
        index, layer = self.context.index, self.context.layer
        if kind == "place":
            return [read_where(some, self.context.configuration.lattice, self.crs)]
        texts = [str(leaf) for leaf in some]
        if not self.context.indexed and kind != "near":
            raise Unsupported(
                "events-only",
                f"features cannot be asked for by '{shown(texts[0])}': only events are indexed on a grid",
                hint="name the layer of cells: LAYER:CODE, or LAYER.COLUMN:VALUE",
            )  # fmt: skip
        if kind == "unit":
            return [in_units(texts, index, layer)]
        if kind.startswith("duty"):
            return [on_duty(texts, index, layer)]
        return [self._neighbours(text) for text in texts]

    def _neighbours(self, text: str) -> Neighbours:
        place = read_spec(text)
        if isinstance(place, Beside):
            return Neighbours(place, text)
        self._require(place.layer, text)
        zone = self.context.configuration.zone
        return Neighbours(place, text, None if place.at is None else instant_us(place.at, zone))

    def _require(self, name: str, text: str) -> None:
        """Refuse a place whose layer is not there, or holds no features."""
        problem = f"'{shown(text)}' is no place: "
        if self.context.features is None:
            raise InvalidInput(
                "no-features", f"{problem}this question knows no other layers", hint="ask with city.query"
            )
        if not is_name(name):
            raise InvalidInput(
                "unknown-where", f"{problem}'{shown(name)}' names no layer", hint=f"write {FORMS}"
            )
        try:
            self.context.features(name)
        except NotFound as error:
            hint = error.hint or f"write {FORMS}"
            raise NotFound(error.kind, problem + error.message, nearest=error.nearest, hint=hint) from None
        except InvalidInput as error:
            raise InvalidInput(
                "not-features", problem + error.message, hint="name a layer of features"
            ) from None


def _kind(place: PlaceInput) -> str:
    """Return what an alternative is read as: those of one kind are read together."""
    if not isinstance(place, str):
        return "place"
    form, colon, rest = place.partition(":")
    if not colon or form in _PLAIN:
        return "place"
    if form == "duty":
        return f"duty:{rest.partition(':')[0]}"
    return "unit" if form == "unit" else "near"
