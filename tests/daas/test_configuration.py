"""A city's configuration: what is refused, what is found changed, what may be added."""

import pytest

from stcloud.daas.configuration import FORMAT, CityConfiguration
from stcloud.errors import FormatError, InvalidInput


@pytest.fixture
def configuration():
    return CityConfiguration.create('Oslo "øst"', "EPSG:25832", "Pacific/Auckland")


def test_it_reads_back(configuration):
    again = CityConfiguration.from_toml(configuration.to_toml())
    assert again == configuration
    assert again.crs == "EPSG:25832"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (("Pacific/Auckland", "Europe/Oslo"), "damaged-city"),
        (("EPSG:25832", "EPSG:25833"), "damaged-city"),
        (("format = 1", f"format = {FORMAT + 1}"), "newer-city"),
        (("format = 1", ""), "damaged-city"),
        (("lattice_origin = [", "lattice_origin = [x"), "damaged-city"),
    ],
)
def test_what_was_changed_is_refused(configuration, change, kind):
    with pytest.raises(FormatError) as caught:
        CityConfiguration.from_toml(configuration.to_toml().replace(*change))
    assert caught.value.kind == kind


def test_an_edit_on_purpose_deletes_the_digest_and_a_calendar_may_be_added(configuration):
    lines = configuration.to_toml().replace("Pacific/Auckland", "Europe/Oslo").splitlines(keepends=True)
    assert CityConfiguration.from_toml("".join(lines[1:])).zone.name == "Europe/Oslo"
    added = configuration.to_toml() + 'calendar = "NZ"\n'
    assert CityConfiguration.from_toml(added).calendar == "NZ"


def test_a_new_city_is_of_the_first_format_and_keeps_the_one_that_it_has(configuration):
    assert "format = 1\n" in configuration.to_toml()
    raised = CityConfiguration.from_toml(configuration.to_toml().replace("format = 1", f"format = {FORMAT}"))
    assert f"format = {FORMAT}\n" in raised.to_toml()


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (("c", "EPSG:4326", "UTC"), "metric-crs-needed"),
        (("c", "EPSG:0", "UTC"), "unknown-crs"),
        (("c", "EPSG:25832", "Mars/Olympus"), "unknown-zone"),
        (("c", "EPSG:25832", "UTC", "XX"), "unknown-calendar"),
    ],
)
def test_a_city_that_cannot_be_is_refused(given, kind):
    with pytest.raises(InvalidInput) as caught:
        CityConfiguration.create(*given)
    assert caught.value.kind == kind
