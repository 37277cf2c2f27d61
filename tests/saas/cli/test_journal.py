"""`load --log`, `--alert-rejected` and `--dry-run`: stable keys, exit codes, and nothing lost."""

import json
import signal

import pytest

import stcloud
from stcloud.saas.cli.journal import FIELDS
from stcloud.testing.events import HEAD, OPTIONS, on_disk, row, rows


@pytest.fixture
def city(tmp_path):
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    one_bad = HEAD + row(1) + row(2, at="never") + "".join(row(number) for number in range(3, 31))
    (tmp_path / "a.csv").write_text(one_bad)
    (tmp_path / "b.csv").write_text(rows(3, note="b"))
    (tmp_path / "bad.csv").write_text(HEAD + row(1, at="never"))
    return tmp_path / "city"


def logged(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {tuple(line) for line in lines} == {FIELDS}
    return lines


def test_each_line_has_every_key_and_a_command_has_a_start_and_an_end(run, city, tmp_path):
    log, files = tmp_path / "l.jsonl", [tmp_path / "a.csv", tmp_path / "bad.csv", tmp_path / "b.csv"]
    ended = run("load", city, "e", *files, *OPTIONS, "--log", log, "--keep-going")
    assert ended.code == 2
    assert run("load", city, "e", tmp_path / "b.csv", "--log", log).code == 0
    lines = logged(log)
    assert [line["event"] for line in lines] == [
        "started", "loaded", "loaded", "failed", "finished", "started", "known", "finished",
    ]  # fmt: skip
    first, failed, end = lines[1], lines[3], lines[4]
    assert (first["source"], first["read"], first["rejected"]) == ("a.csv", 30, 1)
    assert first["rejected_by"] == {"unreadable-time": 1}
    assert first["recorded_at"].endswith("+08:00")
    assert (failed["source"], failed["error"], failed["exit_code"]) == ("bad.csv", "too-many-rejected", 2)
    assert (end["exit_code"], lines[-1]["exit_code"]) == (2, 0)
    assert (end["error"], lines[-1]["error"]) == ("too-many-rejected", None)
    assert first["load"] == stcloud.open(city).layer("e").loads[0].load


def test_an_undo_and_a_city_that_is_not_there_are_logged(run, city, tmp_path):
    log = tmp_path / "l.jsonl"
    load = json.loads(run("load", city, "e", tmp_path / "b.csv", *OPTIONS, "-f", "json").out)[0]["load"]
    assert run("load", city, "e", "--undo", load, "--log", log).code == 0
    assert run("load", tmp_path / "none", "e", tmp_path / "b.csv", "--log", log).code == 3
    lines = logged(log)
    assert [line["event"] for line in lines][1:2] == ["undone"]
    assert (lines[-2]["event"], lines[-1]["exit_code"]) == ("failed", 3)


def test_an_alert_has_its_own_exit_code_and_the_file_is_loaded(run, city, tmp_path):
    log = tmp_path / "l.jsonl"
    args = ("load", city, "e", tmp_path / "a.csv", *OPTIONS, "--log", log, "--alert-rejected")
    for again in ("0", "0", "3%"):  # the second time the file is known, and the command ends alike
        ended = run(*args, again)
        assert ended.code == 8
        assert ended.err.splitlines()[-1] == (
            "stcloud: more rows than --alert-rejected are rejected: a.csv (1 of 30)"
        )
    assert run(*args, "1").code == run(*args, "4%").code == 0
    assert [line["exit_code"] for line in logged(log) if line["event"] == "finished"] == [8, 8, 8, 0, 0]
    assert stcloud.open(city).query("e").count().to_pandas()["count"].sum() == 29


def test_a_failure_goes_before_an_alert(run, city, tmp_path):
    files = (tmp_path / "a.csv", tmp_path / "bad.csv")
    assert run("load", city, "e", *files, *OPTIONS, "--alert-rejected", "0").code == 2


def test_a_limit_that_is_none_is_refused_before_anything(run, city, tmp_path):
    ended = run("load", city, "e", tmp_path / "a.csv", *OPTIONS, "--alert-rejected", "some")
    assert ended.code == 2
    assert "some" in ended.line
    assert not stcloud.open(city).layers()


@pytest.mark.parametrize("place", ["city/layers/l.jsonl", "none/l.jsonl", "city"])
def test_a_log_that_cannot_be_written_is_refused_before_anything(run, city, tmp_path, place):
    ended = run("load", city, "e", tmp_path / "b.csv", *OPTIONS, "--log", tmp_path / place)
    assert ended.code in (2, 6)
    assert ended.line
    assert not stcloud.open(city).layers()


def test_a_command_that_a_signal_ends_is_logged(command, city, tmp_path):
    log = tmp_path / "l.jsonl"
    with (tmp_path / "many.csv").open("w") as file:
        file.write(HEAD)
        file.write("".join(row(number) for number in range(100_000)))
    process = command("load", city, "e", tmp_path / "many.csv", *OPTIONS, "--log", log)
    while not (log.exists() and log.stat().st_size):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert (logged(log)[-1]["event"], logged(log)[-1]["exit_code"]) == ("finished", 143)


def test_a_dry_run_shows_the_definition_and_writes_nothing(run, city, tmp_path):
    log = tmp_path / "l.jsonl"
    before = on_disk(city)
    files = (tmp_path / "a.csv", tmp_path / "b.csv")
    ended = run("load", city, "e", *files, *OPTIONS, "--dry-run", "--log", log)
    assert ended.code == 0
    assert "derived definition, which a load would save as layers/e.toml" in ended.err
    assert ended.err.splitlines()[-1] == "dry run: nothing was written to the city"
    assert on_disk(city) == before
    assert [(line["event"], line["dry_run"]) for line in logged(log)] == [
        ("started", True), ("checked", True), ("checked", True), ("finished", True),
    ]  # fmt: skip
    assert run("load", city, "e", "--undo", "abc", "--dry-run").code == 2
