"""Where an answer goes is decided before any work; a file is whole or as it was."""

import os
import stat

import pytest

from stcloud.errors import InvalidInput, StcloudError, StorageError
from stcloud.saas.cli.option import OutputFormat
from stcloud.saas.cli.output import print_records, print_to
from stcloud.saas.cli.target import EVERY, RECORDS, STREAMED, Target, document_path, picture_path, target_of
from stcloud.saas.wholefile import whole_file


@pytest.mark.parametrize(
    "name", ["x.shp", "x.html", "x.ods", "x.txt", "x.kml", "x", "x.", ".csv", "x.csv.gz", "x.geo"]
)
@pytest.mark.parametrize("offered", [EVERY, RECORDS, STREAMED])
def test_a_name_that_tells_no_format_is_refused(tmp_path, name, offered):
    with pytest.raises(StcloudError) as caught:
        target_of(None, tmp_path / name, offered=offered)
    assert caught.value.kind == "unknown-format"
    assert ".csv" in str(caught.value)
    assert (".gpkg" in str(caught.value)) == (offered is EVERY)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("x.csv", OutputFormat.CSV), ("x.CSV", OutputFormat.CSV), ("x.json", OutputFormat.JSON),
        ("x.jsonl", OutputFormat.NDJSON),
        ("x.ndjson", OutputFormat.NDJSON), ("x.geojson", OutputFormat.GEOJSON), ("x.parquet", OutputFormat.PARQUET),
        ("x.GPKG", OutputFormat.GPKG), ("x.fgb", OutputFormat.FGB),
    ],
)  # fmt: skip
def test_the_name_decides(tmp_path, name, form):
    assert target_of(None, tmp_path / name) == Target(form, tmp_path / name)
    assert target_of(form, tmp_path / name) == Target(form, tmp_path / name)


@pytest.mark.parametrize(
    ("form", "name", "kind"),
    [
        (OutputFormat.CSV, "x.json", "other-format"), (OutputFormat.TABLE, "x.csv", "other-format"),
        (OutputFormat.GEOJSON, "x.gpkg", "other-format"), (OutputFormat.GEOJSON, "x.json", None),
        (OutputFormat.NDJSON, "x.json", None),
        (OutputFormat.CSV, "x.txt", None), (OutputFormat.TABLE, "x.txt", None), (OutputFormat.CSV, "x", None),
    ],
)  # fmt: skip
def test_the_format_given_decides_unless_the_name_says_another(tmp_path, form, name, kind):
    if kind is None:
        assert target_of(form, tmp_path / name).form is form
    else:
        with pytest.raises(InvalidInput) as caught:
            target_of(form, tmp_path / name)
        assert caught.value.kind == kind


def city_in(place):
    (place / "city" / "layers").mkdir(parents=True)
    (place / "city" / "city.toml").touch()
    return place / "city"


def refusals(path):
    yield lambda: target_of(OutputFormat.CSV, path)
    yield lambda: picture_path(path.with_suffix(".png"))
    yield lambda: document_path(path.with_suffix(".toml"), ".toml")


def test_a_folder_a_missing_folder_and_a_citys_own_files_are_refused(tmp_path):
    city = city_in(tmp_path)
    for suffix in ("", ".png", ".toml"):
        (tmp_path / f"taken{suffix}").mkdir()
    for path, kind in (
        (tmp_path / "taken", "storage"), (tmp_path / "none" / "x", "storage"), (tmp_path / ("x" * 300), "storage"),
        (city / "city.toml" / "x", "storage"), (city / "layers" / "x", "file-of-a-city"),
    ):  # fmt: skip
        for refused in refusals(path):
            with pytest.raises(StcloudError) as caught:
                refused()
            assert caught.value.kind == kind, path
    with pytest.raises(InvalidInput) as caught:
        document_path(city / "city.toml", ".toml")
    assert caught.value.kind == "file-of-a-city"
    picture_path(city / "x.png")
    assert sorted(one.name for one in city.iterdir()) == ["city.toml", "layers"]


def test_a_loop_of_links_is_refused(tmp_path):
    (tmp_path / "a.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(StorageError):
        target_of(None, tmp_path / "a.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_what_may_not_be_written_is_refused(tmp_path):
    (tmp_path / "a.csv").touch(0o444)
    with pytest.raises(StorageError) as caught:
        target_of(None, tmp_path / "a.csv")
    assert caught.value.kind == "no-permission"


def failing(sink):
    sink.write("half")
    raise RuntimeError("no more")


def test_a_failing_write_leaves_the_old_file_and_no_trace(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")
    for form in (OutputFormat.CSV, OutputFormat.TABLE):
        with pytest.raises(RuntimeError):
            print_to(path, failing)
        with pytest.raises(TypeError):
            print_records([{"a": 1}, 7], Target(form, path))
        assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]


def test_a_replaced_file_keeps_its_permissions_and_a_link_leads_to_the_new_one(tmp_path):
    path, link = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text("old")
    path.chmod(0o600)
    link.symlink_to(path)
    print_records([{"a": 1}], Target(OutputFormat.CSV, link))
    assert link.is_symlink()
    assert path.read_text() == "a\n1\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_pipe_is_written_to_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    print_records([{"a": 1}], target_of(OutputFormat.CSV, pipe))
    assert os.read(reader, 100) == b"a\n1\n"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_two_writers_do_not_meet(tmp_path):
    path = tmp_path / "a.csv"
    with whole_file(path) as first, whole_file(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"


def test_text_that_a_spreadsheet_computes_is_guarded_and_numbers_stay(capsys):
    starts = ["=1+1", "+1", "-1", "@a", "\ta", "\ra", "\na", "＝1", "a=1", "", None, -5, 1.5]
    print_records([{"=a": one} for one in starts], Target(OutputFormat.CSV, None, safe_csv=True))
    guarded = capsys.readouterr().out
    for text in starts[:8]:
        assert f"'{text}" in guarded
    assert guarded.startswith("'=a\n'=1+1\n'+1\n")
    assert guarded.endswith('\na=1\n""\n""\n-5\n1.5\n')
    print_records([{"a": one} for one in starts], Target(OutputFormat.CSV))
    assert "'" not in capsys.readouterr().out


@pytest.mark.parametrize("form", [one for one in RECORDS if one is not OutputFormat.CSV])
def test_safe_csv_is_for_csv(form):
    with pytest.raises(InvalidInput) as caught:
        target_of(form, safe_csv=True)
    assert caught.value.kind == "csv-only"
