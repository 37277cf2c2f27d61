"""Groups resolved: what rows of one group are tested by; features and duty grids as they were known at the pin.

Tested by `tests/conformance/test_groups.py`.
"""

from __future__ import annotations

from typing import Any

from stcloud.paas.query.condition.ofgroup import Grouped
from stcloud.paas.query.condition.place import Place
from stcloud.paas.query.condition.units import OnDuty
from stcloud.paas.query.place.extent import Extent, extent_near
from stcloud.paas.query.place.spec import Named
from stcloud.paas.query.plan.limits import Limits
from stcloud.paas.query.plan.plan import By, DutyGroup, FeatureGroup, Part
from stcloud.paas.query.plan.resolved import Resolved
from stcloud.paas.query.plan.resolving import Resolving
from stcloud.paas.query.resolve.scope import Scope
from stcloud.space import CellSize
from stcloud.time import Binning, Spans

__all__ = ["grouped_points", "grouped_shapes"]


def grouped_points(by: By, value: Any, spans: Spans | None, resolving: Resolving) -> Resolved:
    """Return the condition that events are of a group.

    Parameters
    ----------
    by, value, spans
        As for `OfGroup`.
    resolving
        Reads the features or duty grids that are the groups.

    Raises
    ------
    NotFound, InvalidInput
        As `read_history` and ``unknown-duty``.
    """
    if isinstance(by, FeatureGroup):
        from stcloud.paas.query.condition.held import HeldPoints  # noqa: PLC0415  (places are slow to import)

        extent = None if value is None else _extent(by, value, resolving)
        holders = resolving.reader.holders(by, _scope(extent, resolving))
        return HeldPoints(holders, value, extent)
    if isinstance(by, DutyGroup):
        if value is not None:
            return resolving.located(OnDuty(by.layer, (value,), f"duty:{by.layer}:{value}"))
        from stcloud.paas.query.condition.held import OffDuty  # noqa: PLC0415

        return OffDuty(resolving.reader.members(by), resolving.restated_us)
    return Grouped(by, value, resolving.zone, spans, _limits(by, value, spans, resolving))


def grouped_shapes(by: By, value: Any, resolving: Resolving) -> Resolved:
    """Return the condition that features are of a group; see `grouped_points`."""
    from stcloud.paas.query.condition.held import Begun, HeldShapes  # noqa: PLC0415

    if isinstance(by, FeatureGroup):
        holders = resolving.reader.holders(by, _scope(None, resolving))
        return HeldShapes(holders, value, resolving.window[0])
    if isinstance(by, Binning):
        return Begun(by, value, resolving.zone)
    return Grouped(by, value, resolving.zone)


def _limits(by: By, value: Any, spans: Spans | None, resolving: Resolving) -> Limits:
    """Return what holds all events of a group."""
    if value is None:
        return Limits()
    if isinstance(by, CellSize):
        return Limits(extent=Place(None, (value,), "").extent(resolving.lattice))
    if isinstance(by, Part):
        return Limits(units=((value, f"{value}\U0010ffff"),))
    if spans is None:
        return Limits()
    return Limits(
        times=tuple((span.start_us, None if span.end_us is None else span.end_us - 1) for span in spans.parts)
    )


def _extent(by: FeatureGroup, value: str, resolving: Resolving) -> Extent | None:
    """Return what holds the features of a name, at any time of the question."""
    named = Named(by.layer, value, None, None, by.column or None)
    past = resolving.reader.history(named, by.at_us, resolving.window)
    if past is None:
        return resolving.reader.extent(named, resolving.lattice)
    return extent_near(past.shapes, 0.0, resolving.lattice)


def _scope(extent: Extent | None, resolving: Resolving) -> Scope:
    """Return where and when rows may be that are compared with features."""
    if extent is None or not extent.boxes:
        return Scope(*resolving.window)
    west, south, east, north = zip(*extent.boxes, strict=True)
    return Scope(*resolving.window, (min(west), min(south), max(east), max(north)))
