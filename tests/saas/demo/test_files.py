import csv
import json

from stcloud.saas.demo.files import write_files


def test_two_runs_give_the_same_bytes_and_another_seed_others(tmp_path):
    contents = []
    for name, seed in (("a", 2024), ("b", 2024), ("c", 2025)):
        folder = tmp_path / name
        folder.mkdir()
        write_files(folder, seed)
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert contents[0] == contents[1]
    differing = {name for name in contents[0] if contents[0][name] != contents[2][name]}
    assert differing == contents[0].keys() - {"requests.toml", "lamps.toml"}


def test_files_are_what_people_have(tmp_path):
    write_files(tmp_path)
    streets = json.loads((tmp_path / "streets.geojson").read_text())
    assert {feature["geometry"]["type"] for feature in streets["features"]} == {"LineString"}
    with (tmp_path / "lamps_2024-01.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["lamp_id"] == "L0001"
    assert {row["status"] for row in rows} == {"working", "dark"}
