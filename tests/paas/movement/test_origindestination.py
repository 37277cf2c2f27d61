"""Trips between cells as they were when a trip began and when it ended."""

from tests.paas.movement.conftest import CODES, MERGED


def test_ends_of_trips_lie_in_the_cells_of_their_time(patrol_town):
    """Law of ends: the cell of an end is the one that held it at its own instant."""
    tracks = patrol_town.tracks("patrols").during("2024-03-01")
    rows = tracks.origin_destination("unit", distance=None, dwell=None).to_records()
    assert [(row["origin"], row["destination"], row["trips"]) for row in rows] == [
        (CODES[0], CODES[3], 1), (CODES[0], MERGED, 1),
    ]  # fmt: skip
    assert [row["mean_length_m"] for row in rows] == [300.0, 250.0]
    assert [row["mean_duration_s"] for row in rows] == [100.0, 400.0]
    streets = tracks.origin_destination("street", distance=None, dwell=None).to_records()
    assert {row["origin"] for row in streets} == {CODES[0][:9]}


def test_trips_of_a_lattice_and_of_features(patrol_town):
    tracks = patrol_town.tracks("patrols").during("2024-03-01")
    areas = tracks.origin_destination("in:areas", distance=None, dwell=None).to_records()
    assert [(row["origin"], row["destination"]) for row in areas] == [("west", "middle"), ("west", None)]
    cells = tracks.origin_destination("100m", distance=None, dwell=None)
    assert sum(row["trips"] for row in cells) == 2
    assert cells.facts["trip"] == "between silences of more than 10 min"
    none = patrol_town.tracks("patrols").during("2019").origin_destination("unit")
    assert none.table.schema.names == cells.table.schema.names
    assert len(none) == 0
