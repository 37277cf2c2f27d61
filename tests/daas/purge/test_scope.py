"""Scopes of purges: how an instant is read, which columns may go, what is written down."""

import json
from datetime import UTC, datetime

import pytest

from stcloud.daas.purge.scope import PurgeScope, purge_columns, read_before
from stcloud.daas.table.schema import Attribute
from stcloud.errors import StcloudError
from stcloud.testing.events import define
from stcloud.time import Zone

SHANGHAI = Zone("Asia/Shanghai")
NOW_US = 1_711_929_600_000_000  # 2024-04-01T00:00Z
YEAR_2022_US = 1_640_966_400_000_000  # 2022-01-01T00:00+08:00


@pytest.mark.parametrize("text", ["2022", "2022-01-01", "2021-12-31T16:00Z", "2022/2024"])
def test_an_instant_is_the_first_of_what_is_written(text):
    assert read_before(text, SHANGHAI, NOW_US) == (text, YEAR_2022_US)


def test_a_relative_span_is_as_of_now():
    assert read_before("last 2 years", SHANGHAI, NOW_US)[1] == 1_648_771_200_000_000  # 2022-04-01T00:00Z
    assert read_before(datetime(2021, 12, 31, 16, tzinfo=UTC), SHANGHAI, NOW_US)[1] == YEAR_2022_US
    assert read_before(None, SHANGHAI, NOW_US) == (None, None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("../2022", "out-of-range"), ("yesterdays", "unreadable-time"), ("", "unreadable-time")],
)
def test_what_is_no_instant_is_refused(text, kind):
    with pytest.raises(StcloudError) as caught:
        read_before(text, SHANGHAI, NOW_US)
    assert caught.value.kind == kind


ATTRIBUTES = [Attribute(name, name, "text") for name in ("id", "at", "lon", "lat", "note", "phone")]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("fone", "unknown-column"), *((name, "needed-column") for name in ("id", "at", "lon", "lat"))],
)
def test_columns_that_rows_are_made_of_stay(name, kind):
    with pytest.raises(StcloudError) as caught:
        purge_columns(define(), ATTRIBUTES, ["note", name])
    assert caught.value.kind == kind


def test_columns_are_taken_once():
    assert [column.name for column in purge_columns(define(), ATTRIBUTES, ["phone", "note", "phone"])] == [
        "phone",
        "note",
    ]


@pytest.mark.parametrize(
    ("scope", "repeats"),
    [
        (PurgeScope("2022", 1), True),
        (PurgeScope("2022", 1, ("phone",)), True),
        (PurgeScope("2022", 1, filtered=("phone",)), False),
        (PurgeScope(filtered=()), False),
    ],
)
def test_only_scopes_that_say_which_rows_are_meant_are_repeated(scope, repeats):
    assert scope.repeats is repeats
    assert PurgeScope.from_json(json.loads(json.dumps(scope.to_json()))) == scope
