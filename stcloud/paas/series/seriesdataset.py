"""Series as datasets of xarray: discrete sampling geometries of the conventions for climate and forecast metadata.

CF 1.11, featureType ``timeSeries``, orthogonal: dimensions ``station`` and ``time``. Each value has an ancillary
variable of flags.

Tested by `tests/paas/series/test_seriesdataset.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import MissingExtra, Unsupported
from stcloud.paas.series.readings import MISSING, Ints, Readings
from stcloud.paas.series.stationplaces import StationPlaces
from stcloud.time import Zone

if TYPE_CHECKING:
    import xarray as xr

    from stcloud.paas.series.resampled import Resampled

__all__ = ["dataset_of_readings", "dataset_of_resampled"]

_TIME_UNITS = "seconds since 1970-01-01T00:00:00"
_SUB_SECOND_UNITS = "microseconds since 1970-01-01T00:00:00"
_SECOND_US = 1_000_000
_LARGEST_MB = 4_000.0
_METHODS = {"mean": "mean", "max": "maximum", "min": "minimum", "sum": "sum", "median": "median"}
_DIMS = ("station", "time")


def dataset_of_readings(
    readings: Readings, zone: Zone, facts: Mapping[str, str], places: StationPlaces | None
) -> xr.Dataset:
    """Return readings as a dataset.

    Returns
    -------
    A float64 variable for each value and a uint8 one, ``VALUE_flag``, dimensions ``station`` and ``time``. Where a
    step is declared and all readings lie on one lattice of it, time has every step from the first to the last one;
    else the instants at which any station has a reading. What is not there is NaN with the flag 2.

    Raises
    ------
    MissingExtra
        ``xarray-needed``
    Unsupported
        ``too-large``
    """
    xr = _xarray()
    axis_us, column = _axis(readings)
    shape = len(readings.stations), len(axis_us)
    _refuse_large(shape[0] * shape[1] * 9 * max(len(readings.values), 1))
    cell = readings.station.astype(np.int64) * shape[1] + column
    variables: dict[str, Any] = {}
    for name, values in readings.values.items():
        laid = np.full(shape, np.nan)
        laid.reshape(-1)[cell] = values
        flags = np.full(shape, MISSING, np.uint8)
        flags.reshape(-1)[cell] = readings.flags[name]
        variables[name] = (_DIMS, laid, _of_value(name, readings.units.get(name)))
        variables[f"{name}_flag"] = (_DIMS, flags, _of_flags(name, "good implausible missing"))
    coordinates = _coordinates(readings.stations, axis_us, places)
    dataset = xr.Dataset(variables, coordinates, {**_facts(zone, facts, places), **_step(readings)})
    return _encoded(dataset, axis_us)


def dataset_of_resampled(result: Resampled) -> xr.Dataset:
    """Return results as a dataset: ``VALUE_METHOD``, ``VALUE_count`` and ``VALUE_flag``; time with its bounds."""
    xr = _xarray()
    variables: dict[str, Any] = {}
    for name, results in result.results.items():
        for method, values in results.items():
            unit = "1" if method == "count" else result.units.get(name)
            about = _of_value(name, unit)
            about |= {"long_name": f"{method} of {name}"}
            about |= {"cell_methods": f"time: {_METHODS[method]}"} if method in _METHODS else {}
            variables[f"{name}_{method}"] = (_DIMS, values, about)
        counts = {"long_name": f"number of good values of {name}", "units": "1"}
        variables[f"{name}_count"] = (_DIMS, result.counts[name], counts)
        variables[f"{name}_flag"] = (_DIMS, result.flags[name], _of_flags(name, "complete incomplete empty"))
    axis_us = result.edges_us[:-1]
    coordinates = _coordinates(result.stations, axis_us, result.places)
    coordinates["time"][2]["bounds"] = "time_bounds"
    coordinates["time_label"] = (
        "time",
        np.array(result.labels, object),
        {"long_name": "bin on the city's clock"},
    )
    if result.expected is not None:
        coordinates["expected"] = ("time", result.expected, {"long_name": "steps in the bin", "units": "1"})
    bounds = np.stack([result.edges_us[:-1], result.edges_us[1:]], axis=1)
    variables["time_bounds"] = (("time", "bound"), bounds.view("M8[us]"))
    demand = {"every": result.every, "complete": result.complete}
    dataset = xr.Dataset(
        variables, coordinates, {**_facts(result.zone, result.facts, result.places), **demand}
    )
    dataset = _encoded(dataset, result.edges_us)
    dataset["time_bounds"].encoding = dict(dataset["time"].encoding)
    return dataset


def _axis(readings: Readings) -> tuple[Ints, Ints]:
    """Return the instants of the time axis, and the position of each reading on it."""
    times_us, step_us = readings.time_us, readings.step_us
    if not len(times_us):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    first_us, last_us = int(times_us.min()), int(times_us.max())
    if step_us is not None:
        column, rest = np.divmod(times_us - first_us, step_us)
        if not rest.any():
            return np.arange(first_us, last_us + 1, step_us, dtype=np.int64), column
    axis, column = np.unique(times_us, return_inverse=True)
    return axis, column.astype(np.int64)


def _coordinates(
    stations: tuple[str, ...], axis_us: Ints, places: StationPlaces | None
) -> dict[str, tuple[Any, NDArray[Any], dict[str, Any]]]:
    names = np.array(stations, object)
    coordinates: dict[str, tuple[Any, NDArray[Any], dict[str, Any]]] = {
        "station": ("station", names, {"cf_role": "timeseries_id", "long_name": "key of the station"}),
        "time": ("time", axis_us.view("M8[us]"), {"standard_name": "time", "axis": "T"}),
    }
    if places is not None:
        degrees = {"lon": ("longitude", "degrees_east"), "lat": ("latitude", "degrees_north")}
        for name, (standard, units) in degrees.items():
            about = {"standard_name": standard, "units": units}
            coordinates[name] = ("station", getattr(places, name), about)
    return coordinates


def _of_value(name: str, unit: str | None) -> dict[str, Any]:
    units = {} if unit is None else {"units": unit}
    return {"long_name": name, **units, "ancillary_variables": f"{name}_flag"}


def _of_flags(name: str, meanings: str) -> dict[str, Any]:
    return {
        "long_name": f"flag of {name}", "standard_name": "status_flag",
        "flag_values": np.arange(len(meanings.split()), dtype=np.uint8), "flag_meanings": meanings,
    }  # fmt: skip


def _facts(zone: Zone, facts: Mapping[str, str], places: StationPlaces | None) -> dict[str, Any]:
    about = {"Conventions": "CF-1.11", "featureType": "timeSeries", "time_zone": str(zone), **facts}
    if places is not None:
        about |= {"places_as_of": zone.iso(places.at_us)}
        about |= {"moved_stations": ", ".join(places.moved)} if places.moved else {}
    return about


def _step(readings: Readings) -> dict[str, Any]:
    return {} if readings.step_us is None else {"step_s": readings.step_us / _SECOND_US}


def _encoded(dataset: xr.Dataset, times_us: Ints) -> xr.Dataset:
    """Return a dataset that is written with whole numbers of time, and flags without a fill value."""
    units = _SUB_SECOND_UNITS if (times_us % _SECOND_US).any() else _TIME_UNITS
    dataset["time"].encoding = {"units": units, "dtype": "int64", "calendar": "proleptic_gregorian"}
    return dataset


def _refuse_large(size: int) -> None:
    megabytes = size / 1e6
    if megabytes > _LARGEST_MB:
        raise Unsupported(
            "too-large", f"all stations and steps take {megabytes:,.0f} MB, and {_LARGEST_MB:,.0f} MB are allowed",
            hint="ask for a shorter time, fewer stations or fewer values",
        )  # fmt: skip


def _xarray() -> Any:
    try:
        import xarray  # noqa: PLC0415  (slow to import, and it need not be installed)
    except ImportError as error:
        raise MissingExtra(
            "xarray-needed", "xarray is not installed", hint="pip install 'stcloud[cube]', or use to_arrow"
        ) from error
    return xarray
