"""What places may be named by, and the reading of what one call of ``where`` asks for.

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
from stcloud.paas.query.parse.where import Asked, read_where
from stcloud.paas.query.place.formula import Every, Formula, Not, Some, joined, read_formula, settled, shown
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


def read_places(asked: Sequence[Asked | Formula], context: PlaceContext, crs: str | None) -> list[Condition]:
    """Read what one call of ``where`` asks for, as conditions that must all hold.

    Parameters
    ----------
    asked
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
        ``unknown-layer``
    """
    if crs is not None:
        read_crs(crs)  # whether or not a place needs it
    formulas = [read_formula(one) if isinstance(one, str) else one for one in asked]
    whole = settled(Some(tuple(formulas)))
    read = _Reading(context, crs)
    parts = whole.parts if isinstance(whole, Every) else (whole,)
    found = [read.formula(part) for part in parts]
    return [one if isinstance(one, Condition) else Located(one) for one in found]


@dataclass(frozen=True, slots=True)
class _Reading:
    context: PlaceContext
    crs: str | None

    def formula(self, asked: Formula) -> Formula:
        """Read a settled formula; alternatives that can be looked up as one are made one."""
        if isinstance(asked, Not):
            return Not(self._alike([asked.part])[0])
        if isinstance(asked, Every):
            return Every(tuple(self.formula(part) for part in asked.parts))
        parts = asked.parts if isinstance(asked, Some) else (asked,)
        mixed = [one for one in parts if isinstance(one, Not | Every)]
        leaves = [one for one in parts if not isinstance(one, Not | Every)]
        if not parts:
            raise InvalidInput(
                "no-place", "where was asked without a place", hint="e.g. bbox:-74.05,40.68,-73.90,40.83"
            )
        return joined(Some, [*self._alike(leaves), *(self.formula(one) for one in mixed)])

    def _alike(self, leaves: Sequence[Asked]) -> list[Place | InUnits | OnDuty | Neighbours]:
        kinds: dict[str, list[Asked]] = {}
        for one in leaves:
            kinds.setdefault(_kind(one), []).append(one)
        return [operand for kind, some in kinds.items() for operand in self._operands(kind, some)]

    def _operands(self, kind: str, some: Sequence[Asked]) -> list[Place | InUnits | OnDuty | Neighbours]:
        index, layer = self.context.index, self.context.layer
        if kind == "place":
            return [read_where(some, self.context.configuration.lattice, self.crs)]
        texts = [str(one) for one in some]
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
        return [self._neighbours(one) for one in texts]

    def _neighbours(self, text: str) -> Neighbours:
        asked = read_spec(text)
        if isinstance(asked, Beside):
            return Neighbours(asked, text)
        self._require(asked.layer, text)
        zone = self.context.configuration.zone
        return Neighbours(asked, text, None if asked.at is None else instant_us(asked.at, zone))

    def _require(self, name: str, text: str) -> None:
        """Refuse a place whose layer is not there, or holds no features."""
        said = f"'{shown(text)}' is no place: "
        if self.context.features is None:
            raise InvalidInput(
                "no-features", f"{said}this question knows no other layers", hint="ask with city.query"
            )
        if not is_name(name):
            raise InvalidInput(
                "unknown-where", f"{said}'{shown(name)}' names no layer", hint=f"write {FORMS}"
            )
        try:
            self.context.features(name)
        except NotFound as error:
            hint = error.hint if error.nearest else f"write {FORMS}"
            raise NotFound("unknown-layer", said + error.message, nearest=error.nearest, hint=hint) from None
        except InvalidInput as error:
            raise InvalidInput(
                "not-features", said + error.message, hint="name a layer of features"
            ) from None


def _kind(asked: Asked) -> str:
    """Return what an alternative is read as: those of one kind are read together."""
    if not isinstance(asked, str):
        return "place"
    form, colon, rest = asked.partition(":")
    if not colon or form in _PLAIN:
        return "place"
    if form == "duty":
        return f"duty:{rest.partition(':')[0]}"
    return "unit" if form == "unit" else "near"
