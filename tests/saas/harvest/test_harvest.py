"""A harvest has each request of the span once, whatever the server's maximum, and goes on where it was killed."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stcloud.errors import Conflict, InvalidInput
from stcloud.saas.harvest import harvest
from stcloud.saas.harvest.politereader import PoliteReader
from stcloud.time import Zone
from tests.saas.harvest.conftest import service_of, us

FIRST_US, UNTIL_US = us("2026-06-01T00:00Z"), us("2026-08-15T12:30:00.5Z")
SPAN_S = (UNTIL_US - FIRST_US) // 10**6


def row(number, at_us, **others):
    text = Zone("Asia/Shanghai").iso(at_us)
    return {"service_request_id": number, "requested_datetime": text} | others


def read(server, folder, **options):
    options = {"first_us": FIRST_US, "until_us": UNTIL_US} | options
    return harvest(server.url, folder, reader=PoliteReader(sleep=lambda _: None), **options)


def rows_of(done):
    """Return the requests of a file, without what is null."""
    return [
        {name: value for name, value in each.items() if value is not None}
        for each in json.loads(done.path.read_bytes())
    ]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(-5 * 10**6, (SPAN_S + 5) * 10**6), max_size=120, unique_by=lambda at: at // 10**6),
    st.sampled_from([50, 100, 1000]),
    st.booleans(),
)
def test_each_request_of_the_span_is_there_once(server, tmp_path_factory, places, most, strict):
    edges = [at * 10**6 for at in (0, 30 * 86_400, SPAN_S)]
    rows = [row(number, FIRST_US + at) for number, at in enumerate(dict.fromkeys([*edges, *places]))]
    server.answer = service_of(rows, most, strict=strict)
    done = read(server, tmp_path_factory.mktemp("harvest"))
    wanted = {
        each["service_request_id"] for each in rows if FIRST_US <= us(each["requested_datetime"]) < UNTIL_US
    }
    numbers = [each["service_request_id"] for each in rows_of(done)]
    assert sorted(numbers) == sorted(wanted)
    assert done.requests == len(wanted)


def test_a_harvest_that_is_killed_goes_on(server, tmp_path):
    rows = [row(number, FIRST_US + number * 9_000_000_000) for number in range(400)]
    server.answer = service_of(rows, 100)
    parts = []
    wanted = rows_of(read(server, tmp_path / "once", progress=lambda *done: parts.append(done)))
    assert len(parts) > 5
    asked = len(server.addresses)

    class Killed(Exception):
        pass

    for most in range(len(parts)):
        left = [most]

        def progress(*_, left=left):
            left[0] -= 1
            if left[0] < 0:
                raise Killed

        folder = tmp_path / f"killed-{most}"
        server.addresses.clear()
        with pytest.raises(Killed):
            read(server, folder, progress=progress)
        with (folder / "rows.ndjson").open("ab") as sink:  # what was written and not noted
            sink.write(b'{"half": ')
        done = read(server, folder, until_us=UNTIL_US + 10**9)
        assert done.resumed
        assert done.until_us == UNTIL_US
        assert rows_of(done) == wanted
        assert len(server.addresses) <= asked + 10


def test_another_span_begins_anew(server, tmp_path):
    server.answer = service_of([row(1, FIRST_US)], 100)
    read(server, tmp_path)
    assert not read(server, tmp_path, since="2026-06-01").resumed
    assert read(server, tmp_path, since="2026-06-01").resumed


def test_pages_are_followed(server, tmp_path):
    rows = [row(number, FIRST_US + number) for number in range(3)]
    pages = {f"page={number}": json.dumps([each]).encode() for number, each in enumerate(rows)}

    def answer(path):
        number = int(path.rpartition("page=")[2]) if "page=" in path else 0
        if us("2026-06-20T00:00Z") < us(
            path.partition("start_date=")[2][:23].replace("%3A", ":").rstrip("&")[:20]
        ):
            return b"[]"
        link = {"Link": f'<{path.partition("&page")[0]}&page={number + 1}>; rel="next"'} if number < 2 else {}
        return 200, link, pages[f"page={number}"]

    server.answer = answer
    assert {each["service_request_id"] for each in rows_of(read(server, tmp_path))} == {0, 1, 2}


def test_parameters_go_along_and_are_kept_nowhere(server, tmp_path):
    url = server.url
    server.url = f"{url}/requests.json?jurisdiction_id=city.gov&api_key=secret"
    read(server, tmp_path)
    assert all("jurisdiction_id=city.gov&api_key=secret&start_date=" in each for each in server.addresses)
    assert all(b"secret" not in file.read_bytes() for file in tmp_path.iterdir())


def test_of_two_with_one_number_that_counts_which_was_updated_last(server, tmp_path):
    later = row("a", FIRST_US, updated_datetime="2026-07-02T00:00:00Z", status="closed")
    earlier = row("a", FIRST_US, updated_datetime="2026-07-01T00:00:00Z", status="open")
    server.answers = [json.dumps([later, earlier, later]).encode(), b"[]"]
    assert rows_of(read(server, tmp_path)) == [later]


def test_a_date_without_a_zone_is_refused_unless_the_zone_is_stated(server, tmp_path):
    local = {"service_request_id": 7, "requested_datetime": "2026-06-01T09:00:00"}
    server.answers = [json.dumps([local]).encode(), b"[]"]
    with pytest.raises(
        InvalidInput, match="request 7 was made at '2026-06-01T09:00:00', in no zone"
    ) as raised:
        read(server, tmp_path)
    assert raised.value.kind == "zone-needed"
    server.answers = [json.dumps([local]).encode(), b"[]"]
    assert rows_of(read(server, tmp_path, zone=Zone("Asia/Shanghai"))) == [local]
    server.answers = [json.dumps([local]).encode(), b"[]"]
    assert rows_of(read(server, tmp_path / "west", zone=Zone("Pacific/Honolulu"))) == [local]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"error": "no"}', "source-unreadable"), (b"[1]", "source-unreadable"),
        (json.dumps([row(number, FIRST_US - 10**12) for number in range(9)]).encode(), "source-ignores-dates"),
        (json.dumps([row(number, FIRST_US) for number in range(1000)]).encode(), "source-crowded"),
    ],
)  # fmt: skip
def test_a_server_that_cannot_be_read_by_dates_is_refused(server, tmp_path, body, kind):
    server.answers = [body]
    with pytest.raises(InvalidInput) as raised:
        read(server, tmp_path)
    assert raised.value.kind == kind


def test_a_request_without_an_instant_is_left_to_the_load(server, tmp_path):
    server.answers = [b'[{"service_request_id": 1}, {"token": "t", "requested_datetime": "soon"}]', b"[]"]
    assert len(rows_of(read(server, tmp_path))) == 2


def test_two_runs_do_not_read_into_one_folder(server, tmp_path):
    server.answer = service_of([row(1, FIRST_US)], 100)
    refused = []

    def progress(*_):
        with pytest.raises(Conflict) as raised:
            read(server, tmp_path)
        refused.append(raised.value.kind)

    read(server, tmp_path, progress=progress)
    assert set(refused) == {"harvest-running"}
