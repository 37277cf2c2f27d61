"""How late an event became known can be asked."""

import pytest

import stcloud
from stcloud.testing.events import define, rows

HOUR_US = 3_600_000_000


@pytest.mark.parametrize("many", [60, 300])
def test_lateness_is_a_difference_that_filters_ask_for(tmp_path, many):
    (tmp_path / "a.csv").write_text(rows(many))
    (tmp_path / "b.csv").write_text(rows(2, note="later"))
    clock = [1_711_900_000_000_000]
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai").close()
    with stcloud.open(tmp_path / "city", clock=lambda: clock[0]) as city:
        city.load("events", tmp_path / "a.csv", definition=define())
        clock[0] += 1000 * HOUR_US
        city.load("events", tmp_path / "b.csv")
        table = city.layer("events").snapshot
        stored = [row for row in table.read(table.files).to_pylist() if row["st_recorded_to"] is None]
        late = sorted(
            row["st_key"]
            for row in stored
            if (row["st_recorded_from"] - row["st_time"]).total_seconds() > 600 * 3600
        )
        for words in ("hours(recorded - time) > 600", "days(st_recorded - st_time) > 25"):
            query = city.query("events").what(words)
            assert sorted(query.to_arrow()["id"].to_pylist()) == late, words
            assert query.count().to_records()[0]["count"] == len(late)
            assert sum(row["count"] for row in query.count(by=["month"]).to_records()) == len(late)
        assert 0 < len(late) < many
