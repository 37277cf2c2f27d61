"""Media of cases: files beside the log, by their content; in the log their digests."""

import hashlib

import pytest

import stcloud
from stcloud.errors import StcloudError

ACTOR = {"actor": "c07", "role": "collector"}
FIELDS = {"source": "collector", "kind": "component", "class": "01002"}


@pytest.fixture
def city(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai", calendar="CN") as city:
        city.cases("matters", create="urban-management").close()
        yield city


def test_a_photo_is_kept_once_by_its_content_and_the_log_has_its_digest_place_and_time(city, tmp_path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"a picture")
    digest = hashlib.sha256(b"a picture").hexdigest()
    with city.cases("matters") as cases:
        for number in ("1", "2"):
            cases.open(
                number=number, at=(117.02, 31.9), happened="2024-02-02T16:20", fields=FIELDS,
                media={"near": photo, "far": b"another"}, **ACTOR,
            )  # fmt: skip
        media = cases.media("2")
        assert [(each.use, each.seq, each.lon, each.lat) for each in media] == [
            ("far", 1, 117.02, 31.9), ("near", 1, 117.02, 31.9),
        ]  # fmt: skip
        assert media[1].digest == digest
        assert media[1].taken_us == cases.state("2").opened_us
        assert (tmp_path / "city" / media[1].key).read_bytes() == b"a picture"
    kept = [path for path in (tmp_path / "city" / "cases" / "media").rglob("*") if path.is_file()]
    assert len(kept) == 2
    log = b"".join(path.read_bytes() for path in (tmp_path / "city" / "cases").glob("matters.sqlite*"))
    assert b"a picture" not in log
    assert city.case_logs() == ("matters",)


@pytest.mark.parametrize("media", [{"../x": b"a"}, {"near": b""}, {"Near": b"a"}, {"": b"a"}])
def test_what_cannot_be_kept_is_refused_and_nothing_is_recorded(city, media):
    with city.cases("matters") as cases:
        with pytest.raises(StcloudError) as caught:
            cases.open(number="1", fields=FIELDS, media=media, **ACTOR)
        assert caught.value.kind == "unusable-media"
        assert cases.find().cases == ()


def test_a_file_that_is_not_there_is_an_error_of_one_line(city, tmp_path):
    with city.cases("matters") as cases, pytest.raises(StcloudError) as caught:
        cases.open(number="1", fields=FIELDS, media={"near": tmp_path / "none.jpg"}, **ACTOR)
    assert "none.jpg" in str(caught.value)


def test_a_class_has_its_name_where_a_case_is_shown(run, city, tmp_path):
    with city.cases("matters") as cases:
        cases.open(number="1", fields=FIELDS, **ACTOR)
        assert cases.class_name("component", "01002")
        assert cases.class_name("component", "nonsense") is None
    shown = run("case", "show", tmp_path / "city", "matters", "1")
    with city.cases("matters") as cases:
        assert f"class 01002 ({cases.class_name('component', '01002')})" in shown.out
