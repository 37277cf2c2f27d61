"""Scenes against a dictionary: as_of and known_at after any loads, corrections, withdrawals and vacuum."""

import hashlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.testing.examples import examples
from tests.rasters import city_with, geotiff, values_of

DAYS = [f"2020010{day}" for day in range(1, 7)]
TILES = ("a", "b")
STEPS = st.lists(
    st.tuples(st.sampled_from(["load", "load", "load", "undo"]), st.sampled_from(TILES), st.sampled_from(DAYS),
              st.integers(1, 3)),
    min_size=1, max_size=7,
)  # fmt: skip


def state(city, day, **known):
    """Return which content each tile has at noon of a day, and the bytes of its pixels."""
    at = f"{day[:4]}-{day[4:6]}-{day[6:]}T12:00"
    choice = city.scenes("images").as_of(at, **known)
    digest = ""
    if len(choice):
        pixels = choice.pixels()
        digest = hashlib.sha256(b"".join(values.tobytes() for values in pixels.bands.values())).hexdigest()
    return {scene.tile: (f"{_day(scene)}", scene.digest) for scene in choice.scenes}, digest


def _day(scene):
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=scene.acquired_us, hours=8)
    return at.strftime("%Y%m%d")


def model(loads, day):
    """Return the same of a dictionary of loads, by tile and day."""
    held = {}
    for (tile, loaded), seed in sorted(loads.items()):
        if loaded <= day:
            held[tile] = (loaded, seed)
    return held


@settings(max_examples=examples(30), deadline=None)
@given(STEPS)
def test_scenes_are_those_of_a_dictionary(tmp_path_factory, steps):
    """Model, Immutability: a scene holds until the next of its tile; a pin gives the same bytes for ever."""
    folder = tmp_path_factory.mktemp("scenes")
    city, loads, stack, pins, seeds = city_with(folder), {}, [], [], {}
    for at, (what, tile, day, seed) in enumerate(steps):
        if what == "load":
            path = geotiff(folder / f"{tile}_{day}.tif", seed, west=500_000.0 + 400 * TILES.index(tile))
            done = city.load("images", path, definition=folder / "images.toml")
            if done.known:
                continue
            fresh = (tile, day) not in loads
            same = loads.get((tile, day)) == seed
            assert (done.accepted, done.updated, done.unchanged) == (
                int(fresh),
                int(not fresh and not same),
                int(same),
            )
            stack.append((done.load, (tile, day), loads.get((tile, day))))
            loads[tile, day] = seed
        elif stack:
            load, key, before = stack.pop()
            city.undo("images", load)
            if before is None:
                del loads[key]
            else:
                loads[key] = before
        else:
            continue
        if at == 3:
            city.vacuum(retain_hours=0, force=True)
        pins.append((city.scenes("images").all().pin, dict(loads), {day: state(city, day) for day in DAYS}))
    city.vacuum(retain_hours=0, force=True)
    for pin, then, answers in pins:
        for day, answer in answers.items():
            held, _ = again = state(city, day, known_at=pin)
            assert again == answer
            assert {tile: known[0] for tile, known in held.items()} == {
                t: k[0] for t, k in model(then, day).items()
            }
            for tile, (_, seed) in model(then, day).items():
                assert seeds.setdefault((tile, seed), held[tile][1]) == held[tile][1]
    assert [finding for finding in city.check() if finding.faults] == []


@pytest.fixture
def city(tmp_path):
    return city_with(tmp_path)


@pytest.fixture
def load(city, tmp_path):
    def load(name, seed=1, **options):
        options = {"definition": tmp_path / "images.toml"} | options
        return city.load("images", geotiff(tmp_path / f"{name}.tif", seed), **options)

    return load


def arrays(tmp_path):
    return sorted(path.name for path in (tmp_path / "city/layers/images/_scenes").glob("*"))


def days(city, at="2020-06-01", **known):
    return [_day(scene) for scene in city.scenes("images").as_of(at, **known).scenes]


def test_an_undone_scene_leaves_the_one_before_it_that_is_known_now(city, load):
    """Replay and undo in any order: what was loaded after the load that is taken back stays and lasts longer."""
    load("a_20200101", 1)
    last = load("a_20200301", 2)
    load("a_20200201", 3)
    load("a_20200101", 1)
    city.undo("images", last.load)
    assert days(city) == ["20200201"]
    assert days(city, "2020-01-15") == ["20200101"]
    assert city.scenes("images").as_of("2020-06-01").scenes[0].until_us is None


def test_a_reprocessed_scene_is_a_correction(city, load, tmp_path):
    load("a_20200101", 1)
    pin = city.scenes("images").all().pin
    done = load("a_20200101", 2)
    assert (done.accepted, done.updated) == (0, 1)
    red = city.scenes("images").as_of("2021").pixels(bands="red").bands["red"]
    assert np.array_equal(red, values_of(2)[0])
    old = city.scenes("images").as_of("2021", known_at=pin).pixels(bands="red").bands["red"]
    assert np.array_equal(old, values_of(1)[0])
    assert len(arrays(tmp_path)) == 2
    assert city.vacuum(retain_hours=0, force=True) >= 0
    assert len(arrays(tmp_path)) == 2, "a row of an old belief names it"


def test_equal_images_of_two_days_are_two_scenes_with_one_array(city, load, tmp_path):
    load("a_20200101", 1)
    load("a_20200102", 1)
    assert len(city.scenes("images").all()) == 2
    assert len(arrays(tmp_path)) == 1


def test_loading_again_changes_nothing(city, load):
    """Replay."""
    first = load("a_20200101", 1)
    again = load("a_20200101", 1)
    assert (again.known, again.load) == (True, first.load)
    other = load("a_20200101", 1, again=True)
    assert (other.known, other.unchanged) == (False, 1)


def test_the_day_is_that_of_the_declared_zone(tmp_path):
    city = city_with(tmp_path, zone="Pacific/Auckland")
    city.load("images", geotiff(tmp_path / "a_20200101.tif", 1), definition=tmp_path / "images.toml")
    (scene,) = city.scenes("images").all().scenes
    assert scene.acquired_us == int(datetime(2019, 12, 31, 11, tzinfo=UTC).timestamp()) * 1_000_000


def test_a_killed_load_leaves_nothing_that_shows_and_vacuum_sweeps_it(city, load, tmp_path, monkeypatch):
    from stcloud.iaas.table.table import Table

    load("a_20200101", 1)
    commit = Table.commit
    monkeypatch.setattr(Table, "commit", lambda self, **rest: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        load("a_20200102", 2)
    monkeypatch.setattr(Table, "commit", commit)
    assert days(city) == ["20200101"]
    assert len(arrays(tmp_path)) == 2
    city.vacuum(retain_hours=24)
    assert len(arrays(tmp_path)) == 2, "its writer may yet commit"
    city.vacuum(retain_hours=0, force=True)
    assert len(arrays(tmp_path)) == 1
    assert [finding for finding in city.check() if finding.faults] == []
    assert load("a_20200102", 2).accepted == 1


@pytest.mark.parametrize("damage", ["missing", "changed", "cut"])
def test_check_finds_arrays_that_are_damaged(city, load, tmp_path, damage):
    load("a_20200101", 1)
    (path,) = (tmp_path / "city/layers/images/_scenes").glob("*.tif")
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-400])
    else:
        values = values_of(1)
        values[0, 0, 0] += 1
        path.unlink()
        geotiff(path, values)
    (finding,) = [finding for finding in city.check("images") if finding.faults]
    assert finding.check == "arrays"
    assert path.name in finding.example


def test_a_purge_removes_the_arrays(city, load, tmp_path):
    load("a_20200101", 1)
    load("b_20200101", 2)
    pin = city.scenes("images").all().pin
    city.purge("images", what="tile = 'a'")
    assert [scene.tile for scene in city.scenes("images").all().scenes] == ["b"]
    assert len(arrays(tmp_path)) == 1
    with pytest.raises(NotFound) as refused:
        city.scenes("images").all(known_at=pin)
    assert refused.value.kind == "purged"
    with pytest.raises(InvalidInput) as needed:
        city.purge("images", what="tile = 'b'", columns="file")
    assert needed.value.kind == "needed-column"


def test_a_layer_that_is_renamed_or_deleted_takes_its_arrays_along(city, load, tmp_path):
    load("a_20200101", 1)
    city.rename("images", "pictures")
    assert np.array_equal(city.scenes("pictures").as_of("2021").pixels().bands["red"], values_of(1)[0])
    city.delete("pictures")
    assert not list((tmp_path / "city/layers").rglob("*.tif"))


def test_a_dry_run_writes_nothing(city, load, tmp_path):
    assert load("a_20200101", 1, dry_run=True).accepted == 1
    assert not list((tmp_path / "city/layers").rglob("*.tif"))


def test_stated_periods_are_refused(city, load):
    with pytest.raises(InvalidInput) as refused:
        load("a_20200101", 1, valid_from="2020-01-01")
    assert refused.value.kind == "scenes-have-instants"


def test_other_modes_are_refused(city, load):
    with pytest.raises(InvalidInput) as refused:
        load("a_20200101", 1, mode="snapshot")
    assert refused.value.kind == "unknown-mode"


def test_a_folder_is_loaded_in_the_order_of_its_names(city, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for at, day in enumerate(DAYS):
        geotiff(folder / f"a_{day}.tif", at + 1)
    done = city.load("images", folder, definition=tmp_path / "images.toml")
    assert [reckoning.accepted for reckoning in done] == [1] * len(DAYS)
    assert len(city.scenes("images").all()) == len(DAYS)


def test_a_footprint_that_the_citys_crs_cannot_show_is_cut(tmp_path):
    city = city_with(tmp_path)
    wide = geotiff(
        tmp_path / "a_20200101.tif",
        values_of(1, 2, 60, 120),
        crs="EPSG:4326",
        west=60.0,
        north=60.0,
        pixel=1.0,
    )
    city.load("images", wide, definition=tmp_path / "images.toml")
    (scene,) = city.scenes("images").all().scenes
    assert scene.facts.grid.shape == (60, 120)
    assert len(city.scenes("images").all().at((117.0, 31.0))) == 1


def test_arrays_are_cloud_optimised(city, load, tmp_path):
    city.load("images", geotiff(tmp_path / "a_20200101.tif", values_of(1, 2, 1300, 1200)),
              definition=tmp_path / "images.toml")  # fmt: skip
    (path,) = (tmp_path / "city/layers/images/_scenes").glob("*.tif")
    with rasterio.open(path) as source:
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.block_shapes[0] == (512, 512)
        assert source.overviews(1)
        assert source.descriptions == ("red", "nir")
        assert np.array_equal(source.read(), values_of(1, 2, 1300, 1200))


def test_a_city_opens_with_its_scenes(city, load, tmp_path):
    load("a_20200101", 1)
    again = stcloud.open(tmp_path / "city")
    assert again.layer("images").kind == "scene"
    assert "1 scene" in repr(again.layer("images"))
    with pytest.raises(InvalidInput) as refused:
        again.load("images", geotiff(tmp_path / "b_20200101.tif", 1), definition=_other(tmp_path))
    assert refused.value.kind == "other-definition"


def _other(tmp_path):
    path = tmp_path / "other.toml"
    path.write_text((tmp_path / "images.toml").read_text().replace("nodata = 0", "nodata = 1"))
    return path


@pytest.mark.parametrize(("shift", "refused"), [(0, False), (150, False), (260, True), (5000, True)])
def test_two_places_under_one_name_are_refused(city, load, tmp_path, shift, refused):
    """Overlapping tiles have names of their own: else each would end the one before it."""
    load("a_20200101", 1)
    path = geotiff(tmp_path / "a_20200102.tif", 2, west=500_000.0 + shift)
    if refused:
        with pytest.raises(InvalidInput, match="tile of its own") as error:
            city.load("images", path)
        assert error.value.kind == "other-place"
        assert days(city) == ["20200101"]
    else:
        assert city.load("images", path).accepted == 1


@pytest.mark.thorough
def test_compaction_changes_no_pinned_answer(city, load):
    """Immutability: the pixels of a pin are the same bytes after many loads, corrections and merged files."""
    pins = []
    for at in range(14):
        day = DAYS[at % len(DAYS)]
        load(f"a_{day}", at + 1)
        pins.append((city.scenes("images").all().pin, [state(city, day) for day in DAYS]))
    assert len(city.layer("images").snapshot.files) < 14, "files were merged"
    city.vacuum(retain_hours=0, force=True)
    for pin, answers in pins:
        assert [state(city, day, known_at=pin) for day in DAYS] == answers
    assert [finding for finding in city.check() if finding.faults] == []
