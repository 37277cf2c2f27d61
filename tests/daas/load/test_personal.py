"""Columns that are marked as personal: the mark is kept, copied and checked, and changes nothing of the rows."""

import pandas as pd
import pytest

import stcloud
from stcloud.errors import NotFound

DEFINITION = """
id = "requests"
kind = "event"
key = ["id"]
personal = {personal}
[time]
column = "at"
[space]
lon = "lon"
lat = "lat"
[columns.tel]
rename = "phone"
[columns.email]
optional = true
"""
FRAME = pd.DataFrame(
    {"id": ["a", "b"], "at": ["2024-03-01", "2024-04-07"], "lon": [174.7] * 2, "lat": [-36.9] * 2,
     "tel": ["1", "2"], "reporter": ["li", "zhao"]}
)  # fmt: skip


def definition(*personal):
    return stcloud.Definition.from_toml(DEFINITION.format(personal=list(personal)), name="requests.toml")


@pytest.fixture
def city(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:2193", zone="Pacific/Auckland") as made:
        yield made


def test_a_mark_names_a_column_of_the_file_or_of_the_layer(city):
    city.load("requests", FRAME, definition=definition("reporter", "tel", "email"))
    assert city.layer("requests").personal == ("phone", "reporter")  # no row has an e-mail address yet
    city.load("others", FRAME, definition=definition("phone"))
    assert city.layer("others").personal == ("phone",)


def test_a_mark_changes_nothing_of_the_rows(city):
    city.load("requests", FRAME, definition=definition())
    assert city.load("requests", FRAME, definition=definition("phone")).known
    marked, plain = definition("phone", "reporter"), definition()
    assert marked.digest() == plain.digest()
    again = stcloud.Definition.from_toml(marked.to_toml(), name="again")
    assert (again, again.personal) == (marked, ("phone", "reporter"))


def test_a_mark_of_what_is_no_column_is_refused(city):
    with pytest.raises(NotFound, match="'reportr' as personal") as refused:
        city.load("requests", FRAME, definition=definition("reportr"))
    assert (refused.value.kind, refused.value.nearest) == ("unknown-column", ("reporter",))
    assert city.layers() == ()


def test_a_copy_of_a_city_has_the_marks(city, tmp_path):
    city.load("requests", FRAME, definition=definition("reporter"))
    city.copy_to(tmp_path / "copy")
    with stcloud.open(tmp_path / "copy") as copy:
        assert copy.layer("requests").personal == ("reporter",)


def test_a_mark_that_was_edited_holds_and_is_checked(city, tmp_path):
    city.load("requests", FRAME, definition=definition())
    path = tmp_path / "city" / "layers" / "requests.toml"
    text = path.read_text().partition("\n")[2]
    for names, faults in (
        ('["reporter"]', []),
        ('["reportr"]', ["marks 'reportr' as personal, and there is no such"]),
    ):
        path.write_text(f"personal = {names}\n{text}")
        with stcloud.open(tmp_path / "city") as opened:
            assert opened.layer("requests").personal == (("reporter",) if not faults else ())
            said = [finding.example for finding in opened.check() if finding.faults]
        assert len(said) == len(faults)
        assert all(fault in example for fault, example in zip(faults, said, strict=True))
