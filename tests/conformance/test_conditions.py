"""Law of every resolved condition: mask ⊆ sql ⊆ limits, the first two equal where it is exact, on every engine.

Rows are drawn on a coarse raster of places and instants, so that edges, ends and nulls are met often.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from stcloud.daas.table.feature import Ends
from stcloud.daas.table.schema import Attribute
from stcloud.iaas.engine.model import Engine, Sql
from stcloud.iaas.table.table import File
from stcloud.paas.query.condition.area import InArea, TouchesArea
from stcloud.paas.query.condition.during import During
from stcloud.paas.query.condition.filtered import Filtered, FilteredInMemory
from stcloud.paas.query.condition.held import Begun, HeldPoints, HeldShapes, OffDuty
from stcloud.paas.query.condition.known import ENDS, Known, KnownByEnds
from stcloud.paas.query.condition.ofgroup import Grouped
from stcloud.paas.query.condition.period import PeriodTest
from stcloud.paas.query.condition.place import Place
from stcloud.paas.query.condition.predicate import Predicate
from stcloud.paas.query.condition.sited import Sited
from stcloud.paas.query.condition.tiled import PointsOnTile, tile_extent
from stcloud.paas.query.condition.touched import Touched
from stcloud.paas.query.condition.units import InUnits
from stcloud.paas.query.parse.groupvalue import group_times
from stcloud.paas.query.place.extent import extent_near
from stcloud.paas.query.place.formula import And, Not, Or
from stcloud.paas.query.place.site import AtTimes, InCodes, NearShape, OnCells
from stcloud.paas.query.place.touch import Touching
from stcloud.paas.query.plan.plan import Part
from stcloud.paas.query.plan.resolved import Masking, Resolved, Writing
from stcloud.paas.query.resolve.groups import grouped_points
from stcloud.paas.query.resolve.prune import Pruning
from stcloud.paas.query.sql.binder import Binder
from stcloud.paas.query.sql.tree import column, select, table
from stcloud.space import LONLAT, Block, Lattice, Level, project
from stcloud.space.tilegrid import Tile
from stcloud.space.tilepixels import TilePixels
from stcloud.testing.examples import examples
from stcloud.time import Bin, Relation, Span, Spans, When, Zone

LATTICE = Lattice("EPSG:4548", (0, 0))
ZONE = Zone("America/St_Johns")
INSTANT = pa.timestamp("us", "UTC")
HOUR = 3_600_000_000
FIRST = 1_710_041_400_000_000  # an hour before the clock of St John's is put forward
EAST, NORTH = 500_000.0, 3_500_000.0
CODES = ("1101", "1102", "1201", "12", "13", None)
NAMES = {name: Attribute(name, name, kind) for name, kind in (("note", "text"), ("size", "number"))}


def instants(hours: list[int | None]) -> pa.Array:
    return pa.array([None if hour is None else FIRST + hour * HOUR for hour in hours], pa.int64()).cast(
        INSTANT
    )


@st.composite
def batches(draw: st.DrawFn) -> pa.RecordBatch:
    """Rows that are events and features at once."""
    count = draw(st.integers(1, 12))

    def column_of(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=count, max_size=count))

    hours = column_of(st.integers(-4, 6))
    lasting = column_of(st.none() | st.integers(1, 4))
    ends = instants([None if more is None else at + more for at, more in zip(hours, lasting, strict=True)])
    spot = st.integers(-1, 9).map(lambda step: step * 10.0)
    placed = column_of(st.none() | st.tuples(spot, spot))
    x = [None if at is None else EAST + at[0] for at in placed]
    y = [None if at is None else NORTH + at[1] for at in placed]
    cells = [
        None if a is None else int(LATTICE.cells(np.array([a]), np.array([b]))[0])
        for a, b in zip(x, y, strict=True)
    ]
    shapes = [None if a is None else shapely.box(a, b, a + 15, b + 15) for a, b in zip(x, y, strict=True)]
    bounds = shapely.bounds(np.array(shapes, object))
    return pa.RecordBatch.from_pydict({
        "n": pa.array(range(count), pa.int64()),
        "st_row": pa.array(range(count), pa.int64()),
        "st_time": instants(hours),
        "st_time_to": ends,
        "st_valid_from": instants(hours), "st_valid_to": ends,
        "st_recorded_from": instants(column_of(st.integers(0, 4))),
        "st_recorded_to": instants(column_of(st.none() | st.integers(1, 6))),
        "st_x": pa.array(x, pa.float64()), "st_y": pa.array(y, pa.float64()), "st_cell": pa.array(cells, pa.int64()),
        "st_unit": pa.array(column_of(st.sampled_from(CODES)), pa.string()),
        "st_geom": pa.array([None if shape is None else shapely.to_wkb(shape) for shape in shapes], pa.binary()),
        **{name: pa.array(bounds[:, at]) for at, name in enumerate(("st_xmin", "st_ymin", "st_xmax", "st_ymax"))},
        "note": pa.array(column_of(st.sampled_from(["Ü", "u", "", None])), pa.string()),
        "size": pa.array(column_of(st.sampled_from([0.0, 1.5, -2.0, None])), pa.float64()),
    })  # fmt: skip


HOURS = st.integers(-5, 7)
SPANS = st.lists(st.tuples(st.none() | HOURS, st.none() | HOURS), min_size=1, max_size=2).map(
    lambda pairs: Spans.of(
        [
            Span(*(None if hour is None else FIRST + hour * HOUR for hour in (low, high)))
            for low, high in pairs
            if low is None or high is None or low < high
        ]
    )
)
BOXES = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(5, 40), st.integers(5, 40)).map(
    lambda box: shapely.box(EAST + box[0], NORTH + box[1], EAST + box[0] + box[2], NORTH + box[1] + box[3])
)
SHAPES = BOXES | BOXES.map(lambda box: box.buffer(7, quad_segs=3))


def in_area(shape: Any) -> InArea:
    place = Place(shape, (), "")
    return InArea(place.region(LATTICE), place.extent(LATTICE))


def on_tile(east: int, north: int, z: int, roughly: bool) -> PointsOnTile:
    (lon,), (lat,) = project([EAST + 20.0 * east], [NORTH + 20.0 * north], LATTICE.crs, LONLAT)
    pixels = TilePixels(LATTICE.crs, Tile.at(lon, lat, z))
    return PointsOnTile(pixels, tile_extent(pixels, LATTICE), roughly)


def near(shape: Any, metres: float) -> NearShape:
    return NearShape(shape, metres, extent_near(np.array([shape], object), metres, LATTICE))


def cells_of(rows: list[tuple[str, int | None, int | None]]) -> pa.Table:
    unit, since, until = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {"unit": pa.array(unit, pa.string()), "since": instants(list(since)), "until": instants(list(until))}
    )


SITES = st.one_of(
    st.tuples(BOXES, st.sampled_from([0.0, 10.0, 25.0])).map(lambda drawn: near(*drawn)),
    st.lists(st.tuples(HOURS, st.integers(0, 3)), max_size=3).map(
        lambda times: AtTimes(
            np.array([FIRST + at * HOUR for at, _ in times], np.int64),
            np.array([FIRST + (at + more) * HOUR for at, more in times], np.int64),
        )
    ),
    st.lists(st.sampled_from([("11", "12"), ("1201", "1202"), ("2", "3")]), max_size=2).map(
        lambda ranges: InCodes(tuple(ranges))
    ),
    st.lists(
        st.tuples(st.sampled_from(["1101", "12"]), st.none() | HOURS, st.none() | HOURS), max_size=3
    ).map(lambda rows: OnCells(cells_of(rows))),
)
FORMULAS = st.recursive(
    SITES,
    lambda parts: st.one_of(
        parts.map(Not),
        st.lists(parts, max_size=3).map(lambda some: And(tuple(some))),
        st.lists(parts, max_size=3).map(lambda some: Or(tuple(some))),
    ),
    max_leaves=4,
)
FILTERS = st.sampled_from([
    "size > 0", "note = 'u'", "casei(note) = 'ü'", "size > 0 AND accenti(note) = 'u'", "note IS NULL",
    "size <= 1.5 OR note = ''", "NOT (size = 0)", "accenti(note) = 'u' OR size < 0",
])  # fmt: skip


def filtered(text: str) -> list[Resolved]:
    resolving: Any = None  # filters without geometry are not resolved with anything
    return list(Predicate.read(text, NAMES, ZONE).resolve(resolving))


@dataclass(frozen=True)
class Halves:
    """Names of holders: the west half of a box is ``a``, the other ``b``."""

    bounds: tuple[float, float, float, float]

    def __call__(self, rows: pa.RecordBatch) -> pa.Array:
        west, south, east, north = self.bounds
        x, y = (rows.column(name).to_numpy(zero_copy_only=False) for name in ("st_x", "st_y"))
        inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        return pa.array(np.where(x < (west + east) / 2, "a", "b"), pa.string(), mask=~inside)


def grouped(by: Any, value: Any, spans: Spans | None = None) -> Grouped:
    resolving: Any = SimpleNamespace(lattice=LATTICE, zone=ZONE)
    return grouped_points(by, value, spans, resolving)


def of_cell(size: Any, east: int, north: int) -> Grouped:
    cells = LATTICE.cells(np.array([EAST + 10.0 * east]), np.array([NORTH + 10.0 * north]))
    (cell,) = (size.of(cells) if isinstance(size, Block) else cells // 10 ** (13 - size.digits)).tolist()
    return grouped(size, cell)


def of_bin(by: Bin, hour: int) -> Grouped:
    (number,) = by.numbers(np.array([FIRST + hour * HOUR]), ZONE).tolist()
    return grouped(by, number, group_times(by, number, ZONE))


CONDITIONS: dict[str, st.SearchStrategy[Resolved]] = {
    "Known": HOURS.map(lambda hour: Known(FIRST + hour * HOUR)),
    "KnownByEnds": st.tuples(HOURS, st.dictionaries(st.integers(0, 11), st.integers(0, 6), max_size=6)).map(
        lambda drawn: KnownByEnds(
            FIRST + drawn[0] * HOUR,
            Ends(
                np.array(sorted(drawn[1]), np.int64),
                np.array([FIRST + drawn[1][row] * HOUR for row in sorted(drawn[1])], np.int64),
            ),
        )
    ),
    "During": st.tuples(
        SPANS, st.none() | st.just(frozenset({6, 7})), st.none() | st.just(((0, 90), (180, 240)))
    ).map(lambda drawn: During(When(drawn[0], ZONE, weekdays=drawn[1], hours=drawn[2]))),
    "PeriodTest": st.tuples(st.sampled_from(list(Relation)), SPANS).map(
        lambda drawn: PeriodTest(*drawn, "st_time", "st_time_to")
    ),
    "InArea": SHAPES.map(in_area),
    "PointsOnTile": st.tuples(
        st.integers(0, 4), st.integers(0, 4), st.sampled_from([15, 18, 21]), st.booleans()
    ).map(lambda drawn: on_tile(*drawn)),
    "TouchesArea": SHAPES.map(TouchesArea),
    "Sited": FORMULAS.map(Sited),
    "Touched": st.tuples(SHAPES, st.none() | st.just(10.0), st.booleans()).map(
        lambda drawn: Touched(
            Touching(*drawn[:2]) if drawn[2] else Not(Touching(*drawn[:2])), (FIRST, FIRST + 1)
        )
    ),
    "InUnits": st.lists(
        st.sampled_from([("11", "12"), ("1201", "1202"), ("2", "3")]), min_size=1, max_size=2
    ).map(lambda ranges: InUnits(tuple(ranges), "")),
    "Grouped": st.one_of(
        st.tuples(
            st.sampled_from([Level.M100, Level.M10, Block.M250]), st.integers(0, 9), st.integers(0, 9)
        ).map(lambda drawn: of_cell(*drawn)),
        st.tuples(st.sampled_from(list(Bin)), HOURS).map(lambda drawn: of_bin(*drawn)),
        st.sampled_from(["11", "12", "13", None]).map(lambda code: grouped(Part("street", 2), code)),
        st.sampled_from(["Ü", "", None]).map(lambda note: grouped(NAMES["note"], note)),
        st.sampled_from([0.0, 1.5, None]).map(lambda size: grouped(NAMES["size"], size)),
    ),
    "HeldPoints": st.tuples(st.sampled_from(["a", "b"]), BOXES, st.booleans()).map(
        lambda drawn: (
            HeldPoints(
                Halves(drawn[1].bounds), drawn[0], extent_near(np.array([drawn[1]], object), 0.0, LATTICE)
            )
            if drawn[2]
            else HeldPoints(Halves(drawn[1].bounds), None, None)
        )
    ),
    "HeldShapes": st.tuples(st.sampled_from(["a", "b", None]), BOXES).map(
        lambda drawn: HeldShapes(Halves(drawn[1].bounds), drawn[0], FIRST)
    ),
    "Begun": st.tuples(st.sampled_from(list(Bin)), HOURS).map(
        lambda drawn: Begun(
            drawn[0], int(drawn[0].numbers(np.array([FIRST + drawn[1] * HOUR]), ZONE)[0]), ZONE
        )
    ),
    "OffDuty": st.lists(
        st.tuples(st.sampled_from(["1101", "12"]), st.none() | HOURS, st.none() | HOURS), max_size=3
    ).map(lambda rows: OffDuty(cells_of(rows))),
    "Filtered": FILTERS.map(filtered)
    .map(lambda parts: parts[0])
    .filter(lambda part: isinstance(part, Filtered)),
    "FilteredInMemory": FILTERS.map(filtered)
    .map(lambda parts: parts[-1])
    .filter(lambda part: isinstance(part, FilteredInMemory)),
}


def test_the_suite_knows_every_resolved_condition() -> None:
    def below(kind: type) -> set[str]:
        return {kind.__name__} | {name for child in kind.__subclasses__() for name in below(child)}

    ours = {name for name in below(Resolved) if name != "Resolved"}
    assert ours <= set(CONDITIONS)


def in_sql(condition: Resolved, rows: pa.RecordBatch, engine: Engine) -> set[int]:
    span = Spans.of([Span(FIRST - 400 * HOUR, FIRST + 400 * HOUR)])
    writing = Writing(Binder(), "layer", ZONE, lambda _: span)
    where, relations = condition.sql(writing), {"layer": pa.Table.from_batches([rows])}
    joins = []
    if isinstance(condition, KnownByEnds):
        relations[ENDS] = condition.ends.table()
        same = exp.EQ(this=column("st_row", "layer"), expression=column("st_row", ENDS))
        joins = [exp.Join(this=table(ENDS), on=same, side="LEFT")]
    query = select({"n": column("n", "layer")}, table("layer"), joins=joins, where=where)
    return set(
        engine.run([Sql(query, writing.binder.values_of(query))], relations).read_all()["n"].to_pylist()
    )


def described(rows: pa.RecordBatch) -> File:
    """Rows as a log describes a file of them."""
    low, high, nulls = {}, {}, {}
    for name in rows.schema.names:
        values = [value for value in rows.column(name).to_pylist() if value is not None and value == value]
        nulls[name] = rows.num_rows - len(values)
        if values:
            low[name], high[name] = min(values), max(values)
    return File("f", rows.num_rows, 1, {}, low, high, nulls)


def within_limits(condition: Resolved, rows: pa.RecordBatch) -> bool:
    limits = condition.limits
    if not Pruning.of([limits], restated=False)(described(rows)):
        return False
    if limits.valid is not None:
        starts, ends = (rows.column(name).cast(pa.int64()).to_pylist() for name in ("st_time", "st_time_to"))
        after, before = limits.valid
        met = [
            start < before and (end is None or end > after) for start, end in zip(starts, ends, strict=True)
        ]
        return any(met)
    return all(TouchesArea(area).near(rows).any() for area in limits.areas)


@pytest.mark.parametrize("engine", ["duckdb", "sail"])
@pytest.mark.parametrize("name", CONDITIONS)
def test_mask_sql_and_limits_tell_one_truth(name: str, engine: str, request: pytest.FixtureRequest) -> None:
    runs: Engine = request.getfixturevalue(engine)

    @settings(
        max_examples=examples(60) if engine == "duckdb" else 8,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(CONDITIONS[name], batches())
    def law(condition: Resolved, rows: pa.RecordBatch) -> None:
        mask = condition.mask(rows)
        assert mask.shape == (rows.num_rows,)
        assert mask.dtype == np.bool_
        kept = set(np.flatnonzero(mask).tolist())
        said = in_sql(condition, rows, runs) if condition.sql(writing()) else set(range(rows.num_rows))
        assert kept <= said
        assert kept == said or not condition.exact
        for at in range(rows.num_rows):
            if at in kept:
                assert within_limits(condition, rows.slice(at, 1))
        assert not kept or within_limits(condition, rows)

    law()


def writing() -> Writing:
    return Writing(Binder(), "layer", ZONE, lambda _: Spans.of([Span(FIRST - HOUR, FIRST)]))


@pytest.mark.parametrize("name", CONDITIONS)
@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_condition_needs_no_other_columns_and_travels(name: str, data: st.DataObject) -> None:
    """Law: the columns that it names are enough, and a copy elsewhere keeps the same rows."""
    condition, rows = data.draw(CONDITIONS[name]), data.draw(batches())
    kept = Masking((condition,))(rows)
    few = rows.select(sorted({*condition.columns, "n"}))
    assert Masking((condition,))(few).column("n").equals(kept.column("n"))
    assert (
        pickle.loads(pickle.dumps(Masking((condition, condition))))(rows).column("n").equals(kept.column("n"))
    )


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(*CONDITIONS.values()), max_size=3), batches())
def test_several_conditions_keep_what_each_keeps(conditions: list[Resolved], rows: pa.RecordBatch) -> None:
    expected = np.logical_and.reduce(
        [np.ones(rows.num_rows, np.bool_), *(one.mask(rows) for one in conditions)]
    )
    kept = Masking(tuple(conditions))(rows)
    assert kept.column("n").to_pylist() == np.flatnonzero(expected).tolist()
    assert kept.schema.equals(rows.schema)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(CONDITIONS["Known"], CONDITIONS["PeriodTest"]), batches())
def test_what_lies_within_exact_limits_is_kept(condition: Resolved, rows: pa.RecordBatch) -> None:
    if condition.limits_exact:
        mask = condition.mask(rows)
        assert all(mask[at] or not within_limits(condition, rows.slice(at, 1)) for at in range(rows.num_rows))
