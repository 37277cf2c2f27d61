"""Law: a dry run reckons as the load that follows, and leaves the city's folder byte for byte as it was."""

from dataclasses import replace

import pytest

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.testing.events import HEAD, define, row, rows

FILES = {
    "first.csv": rows(40),
    "update.csv": HEAD
    + row(1, note="changed")
    + row(2)
    + row(41)
    + row(41)
    + row(42, lon="")
    + row(43, at="never"),
    "drifted.csv": HEAD.replace("note", "note,extra") + row(50, "new"),
    "empty.csv": HEAD,
}


@pytest.fixture
def city(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")


def bytes_of(city, tmp_path):
    """Everything in the folder: files with their bytes and times, and empty folders."""
    paths = sorted((tmp_path / "city").rglob("*"))
    return [(str(path), path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in paths]


def timeless(reckonings):
    return [replace(one, recorded_at_us=0, attempt="") for one in reckonings]


def listed(loaded):
    return loaded if isinstance(loaded, list) else [loaded]


def dry_and_real(city, tmp_path, layer, *names, **options):
    sources = [tmp_path / name for name in names]
    before = bytes_of(city, tmp_path)
    dry = listed(city.load(layer, *sources, dry_run=True, **options))
    assert bytes_of(city, tmp_path) == before
    real = listed(city.load(layer, *sources, **options))
    assert timeless(dry) == timeless(real)
    return dry


def test_the_first_load_and_the_next_ones(city, tmp_path):
    limit = {"definition": define(), "max_rejected": 5}
    (first,) = dry_and_real(city, tmp_path, "e", "first.csv", **limit)
    (update,) = dry_and_real(city, tmp_path, "e", "update.csv", max_rejected=5)
    assert (first.accepted, update.accepted, update.updated, update.rejected) == (40, 2, 1, 1)
    assert update.unplaced == 1
    assert update.read == 6
    (drifted,) = dry_and_real(city, tmp_path, "e", "drifted.csv")
    assert drifted.new_columns == ("extra",)
    assert dry_and_real(city, tmp_path, "e", "empty.csv", allow_missing="extra")[0].read == 0
    assert dry_and_real(city, tmp_path, "e", "update.csv", max_rejected=5)[0].known
    assert dry_and_real(city, tmp_path, "e", "first.csv", again=True, allow_missing="extra")[0].load.endswith(
        ".2"
    )


def test_a_later_file_reckons_with_the_earlier_ones(city, tmp_path):
    both = dry_and_real(city, tmp_path, "e", "first.csv", "update.csv", definition=define(), max_rejected=5)
    assert [one.accepted for one in both] == [40, 2]


def test_features_of_a_snapshot_end(city, tmp_path):
    (tmp_path / "a.csv").write_text("code,name,lon,lat\na,A,117,31.9\nb,B,117,31.8\n")
    (tmp_path / "b.csv").write_text("code,name,lon,lat\na,A2,117,31.9\n")
    options = {"key": "code", "lon": "lon", "lat": "lat"}
    dry_and_real(city, tmp_path, "f", "a.csv", valid_from="2020-01-01", **options)
    (later,) = dry_and_real(city, tmp_path, "f", "b.csv", valid_from="2021-01-01")
    assert (later.updated, later.ended) == (1, 1)


def test_what_is_refused_is_refused_alike_and_leaves_no_quarantine(city, tmp_path):
    (tmp_path / "bad.csv").write_text(HEAD + row(1) + row(2, at="never"))
    before = bytes_of(city, tmp_path)
    with pytest.raises(InvalidInput, match="1 of 2 rows") as error:
        city.load("e", tmp_path / "bad.csv", definition=define(), dry_run=True)
    assert error.value.kind == "too-many-rejected"
    with pytest.raises(NotFound, match="no file"):
        city.load("e", tmp_path / "none.csv", definition=define(), dry_run=True)
    assert bytes_of(city, tmp_path) == before
    with pytest.raises(NotFound):
        city.layer("e")


def test_a_load_that_was_killed_before_its_entry_is_reckoned_with(city, tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("stcloud.daas.ledger.Ledger.write", lambda _, loads: loads and killed())
        with pytest.raises(KeyboardInterrupt):
            city.load("e", tmp_path / "first.csv", definition=define())
    assert dry_and_real(stcloud.open(tmp_path / "city"), tmp_path, "e", "first.csv")[0].known
