"""`stcloud catalogue`: layers with their owners, what came when, and what is late."""

import json

from stcloud.testing.exchange import Sender


def test_what_is_late_and_what_is_meant(run, tmp_path):
    sender = Sender(tmp_path)
    sender.load(1)
    sender.city.describe("events", owner="Roads", themes="transport", update_cycle="PT1H")
    listed = json.loads(run("catalogue", tmp_path / "district", "-f", "json").out)
    assert [(record["layer"], record["themes"], record["owner"], record["cycle"]) for record in listed] == [
        ("events", "transport", "Roads", "PT1H")
    ]
    assert listed[0]["last"] == "2024-03-10T01:00+08:00"
    assert listed[0]["due"] == "2024-03-10T02:00+08:00"
    assert listed[0]["late_s"] > 0
    assert len(json.loads(run("catalogue", tmp_path / "district", "ROADS", "--late", "-f", "json").out)) == 1
    table = run("catalogue", tmp_path / "district").out.splitlines()
    assert table[0].split() == ["layer", "kind", "themes", "owner", "origin", "last", "cycle", "late_h"]
    assert "2024-03-10 01:00" in table[1]
    assert all(len(line) <= 80 for line in table)
    none = run("catalogue", tmp_path / "district", "rail")
    assert (none.code, "has these words\n" in none.err) == (0, True)
