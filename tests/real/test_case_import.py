"""Open data as cases: St. Louis and New York, counted and timed by pandas from the same files."""

import pandas as pd
import pytest

import stcloud

CLOSED = "datetimeclosed"


@pytest.fixture(scope="module")
def saint_louis(tmp_path_factory, real_data):
    file = real_data / "stl" / "csb_january_2018.csv"
    place = tmp_path_factory.mktemp("stl") / "stl"
    with stcloud.create(place, crs="EPSG:26915", zone="America/Chicago", name="st-louis") as city:
        city.load("requests", file, definition="stl-csb")
        with city.cases("csb", create="imported-requests") as cases:
            done = cases.import_layer("requests")
            rows = pd.read_csv(file, dtype=str, keep_default_na=False, na_values=["NA"])
            yield cases, done, rows.drop_duplicates("requestid", keep="last").set_index("requestid"), city


@pytest.fixture(scope="module")
def new_york(tmp_path_factory, real_data):
    file = real_data / "nyc" / "requests_2025.csv"
    place = tmp_path_factory.mktemp("nyc") / "nyc"
    with stcloud.create(place, crs="EPSG:32618", zone="America/New_York", name="nyc") as city:
        city.load("requests", file, definition="nyc-311")
        with city.cases("nyc", create="imported-requests") as cases:
            done = cases.import_layer("requests")
            rows = pd.read_csv(file, dtype=str).drop_duplicates("Unique Key", keep="last")
            yield cases, done, rows.set_index("Unique Key"), city


def days_of(states):
    return pd.Series({
        state.case: (state.since_us - state.opened_us) / 86_400e6
        for state in states if state.state == "closed" and "undated" not in state.flags
    })  # fmt: skip


def test_st_louis_has_the_states_that_its_file_says(saint_louis):
    cases, done, rows, _ = saint_louis
    assert (done.read, done.opened, done.left_out) == (len(rows), len(rows), {})
    states = pd.Series({state.case: state.state for state in cases.states()})
    status = rows["status"].str.upper()
    stated = pd.Series("open", rows.index)
    stated[status == "CLOSED"] = "closed"
    stated[(status == "CANCEL") | (rows["datecancelled"].notna() & (status != "CLOSED"))] = "cancelled"
    assert states.sort_index().equals(stated.sort_index())
    assert states.value_counts()["closed"] > 1_000


def test_st_louis_closes_in_as_many_days_as_pandas_says(saint_louis):
    cases, _, rows, _ = saint_louis
    closed = rows[(rows["status"].str.upper() == "CLOSED") & rows[CLOSED].notna()]
    begun, ended = (
        pd.to_datetime(closed[name], format="ISO8601").dt.tz_localize("America/Chicago")
        for name in ("datetimeinit", CLOSED)
    )
    days = ((ended - begun).dt.total_seconds() / 86_400).clip(lower=0)
    found = days_of(cases.states())
    assert set(found.index) == set(days.index)
    assert (found.sort_index() - days.sort_index()).abs().max() < 1e-4
    assert found.median() == pytest.approx(days.median(), abs=1e-4)


def test_new_york_has_the_states_and_the_days_that_its_file_says(new_york):
    cases, done, rows, _ = new_york
    assert done.read == done.opened + len(done.left_out)
    assert len(done.left_out) < 0.01 * done.read
    states = {state.case: state for state in cases.states()}
    mine = rows.loc[[*states]]
    ended = mine["Status"] == "Closed"
    assert pd.Series({number: state.state == "closed" for number, state in states.items()}).equals(
        pd.Series(ended.to_numpy(), [*states])
    )
    dated = mine[ended & mine["Closed Date"].notna()]
    begun, closed = (
        pd.to_datetime(dated[name], format="%m/%d/%Y %H:%M").dt.tz_localize(
            "America/New_York", ambiguous=True, nonexistent="shift_forward"
        )
        for name in ("Created Date", "Closed Date")
    )
    days = ((closed - begun).dt.total_seconds() / 86_400).clip(lower=0)
    found = days_of(states.values())
    assert set(found.index) == set(days.index)
    assert (found.sort_index() - days.sort_index()).abs().max() < 1e-4
    assert found.median() == pytest.approx(days.median(), abs=1e-4)


@pytest.mark.parametrize("source", ["saint_louis", "new_york"])
def test_a_repeated_import_adds_nothing_and_the_published_layer_counts_the_same(source, request):
    cases, done, _, city = request.getfixturevalue(source)
    again = cases.import_layer("requests")
    assert (again.opened, again.changed, again.actions) == (0, 0, 0)
    cases.publish("published")
    published = city.query("published").to_pandas()["state"].value_counts().to_dict()
    counted = pd.Series([state.state for state in cases.states()]).value_counts().to_dict()
    assert published == counted
    assert sum(published.values()) == done.opened
