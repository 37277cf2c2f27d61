"""What a caller states of a load, checked against the definition of its layer; time in a city far from UTC."""

import pytest

from stcloud.daas.load.request import LoadRequest
from stcloud.errors import InvalidInput
from stcloud.testing.events import define as define_events
from stcloud.testing.features import define as define_features
from stcloud.time import Zone

ZONE = Zone("Pacific/Auckland")
NEW_YEAR_US = 1_704_020_400_000_000
"""2024-01-01 00:00 in Auckland."""


def of(definition, mode=None, since=None, until=None, **more):
    return LoadRequest.of(definition, mode, since, until, ZONE, **more)


def test_the_mode_of_a_layer_that_states_none_is_its_first():
    assert of(define_events()).mode == "changes"
    assert of(define_features()).mode == "snapshot"


@pytest.mark.parametrize(
    ("definition", "given", "kind"),
    [
        (define_events(), ("snapshot",), "unknown-mode"),
        (define_features(), ("replace",), "unknown-mode"),
        (define_events(), (None, "2024-01-01"), "events-have-no-period"),
        (define_events(), (None, None, "2024-01-01"), "events-have-no-period"),
        (define_features(), (None, "0001-01-01"), "out-of-range"),
    ],
)
def test_what_a_layer_cannot_be_told_is_refused(definition, given, kind):
    with pytest.raises(InvalidInput) as caught:
        of(definition, *given)
    assert caught.value.kind == kind


def test_a_period_is_on_the_citys_clock_and_part_of_the_identity():
    request = of(define_features(), "changes", "2024-01-01", allow_missing="one column")
    assert request.valid_from_us == NEW_YEAR_US
    assert request.period == (str(NEW_YEAR_US), None)
    assert request.allow_missing == {"one column"}


def test_a_file_is_dated_by_its_name_unless_an_instant_is_stated():
    definition = define_features(more='[valid]\nfile = "things_%Y%m%d"')
    request = of(definition)
    assert request.dated(definition, "things_20240101.csv.gz", ZONE).valid_from_us == NEW_YEAR_US
    stated = of(definition, None, "2020-01-01")
    assert stated.dated(definition, "whatever.csv", ZONE) is stated
    with pytest.raises(InvalidInput) as caught:
        request.dated(definition, "whatever.csv", ZONE)
    assert caught.value.kind == "undated-file"
    events = of(define_events())
    assert events.dated(define_events(), "whatever.csv", ZONE) is events
