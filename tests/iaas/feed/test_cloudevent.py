"""CloudEvents in their three modes are the same message."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.iaas.feed.cloudevent import events_of

HEADERS = {
    "ce-specversion": "1.0",
    "ce-id": "7",
    "ce-source": "/bus",
    "ce-type": "t",
    "ce-time": "2024-03-01T10:00:00Z",
}
EVENT = {"specversion": "1.0", "id": "7", "source": "/bus", "type": "t", "time": "2024-03-01T10:00:00Z"}


def test_the_three_modes_give_one_message():
    data = '{"lon": 117.20000000000000001, "n": 1e2}'
    document = json.dumps(EVENT)[:-1] + f', "data": {data}}}'
    (binary,) = events_of({**HEADERS, "content-type": "application/json"}, data.encode())
    (structured,) = events_of(
        {"content-type": "application/cloudevents+json; charset=utf-8"}, document.encode()
    )
    batched = events_of(
        {"content-type": "application/cloudevents-batch+json"}, f"[{document}, {document}]".encode()
    )
    for message in (structured, *batched):
        assert (message.body, message.id, message.at_us) == (binary.body, binary.id, binary.at_us)
    assert (binary.body, binary.id, binary.at_us) == (data.encode(), "/bus\x007", 1_709_287_200_000_000)
    assert len(batched) == 2


def test_data_of_other_media_types():
    document = json.dumps({**EVENT, "datacontenttype": "text/csv", "data": "a\n1\n"}).encode()
    (text,) = events_of({"content-type": "application/cloudevents+json"}, document)
    assert (text.body, text.media) == (b"a\n1\n", "text/csv")
    document = json.dumps({**EVENT, "data_base64": "YQo="}).encode()
    (raw,) = events_of({"content-type": "application/cloudevents+json"}, document)
    assert raw.body == b"a\n"


def test_half_a_character_in_data_is_left_to_its_row():
    for more in ({"datacontenttype": "text/csv", "data": "id\n\ud800\n"}, {"data": {"id": "\ud800"}}):
        (event,) = events_of(
            {"content-type": "application/cloudevents+json"}, json.dumps({**EVENT, **more}).encode()
        )
        assert event.id == "/bus\x007"


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode), st.sampled_from(["", "-batch"]))
def test_any_bytes_are_events_or_refused(body, mode):
    with pytest.raises(InvalidInput) as refused:
        events_of({"content-type": f"application/cloudevents{mode}+json"}, b"[ {" + body)
    assert refused.value.kind == "not-a-cloudevent"
