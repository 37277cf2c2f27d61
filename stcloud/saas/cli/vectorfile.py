"""Vector files: an answer as GeoPackage or FlatGeobuf, whole or not at all.

Tested by `tests/saas/cli/test_features.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stcloud.errors import Unsupported
from stcloud.saas.cli.option import OutputFormat
from stcloud.saas.wholefile import whole_file

if TYPE_CHECKING:
    import geopandas

    from stcloud.paas.query import Answer

__all__ = ["DRIVERS", "write_vector"]

DRIVERS = {OutputFormat.GPKG: "GPKG", OutputFormat.FGB: "FlatGeobuf"}
"""Name of the format's writer in GDAL."""


def write_vector(answer: Answer, form: OutputFormat, path: Path) -> None:
    """Write an answer, in the city's CRS, into one layer of a new vector file.

    Parameters
    ----------
    answer
        Features, points or cells. Instants are written in UTC, to the millisecond: more the formats do not keep.
    form
        A key of `DRIVERS`.
    path
        The file; one that is there is replaced, and only by a whole one.

    Raises
    ------
    Unsupported
        ``no-geometry``; ``same-names``: two columns differ by case only, which these formats take for one.
    StorageError
        The file cannot be written.
    """
    frame = _frame(answer)
    _refuse_same(list(frame.columns), form)
    with whole_file(path, f".{form}") as whole:  # the writer wants its own suffix
        _write(frame, form, whole, answer.facts.get("layer", path.stem))


def _frame(answer: Answer) -> geopandas.GeoDataFrame:
    """Return the answer with instants in UTC: a GeoPackage has no other."""
    import pandas as pd  # noqa: PLC0415

    frame = answer.to_geopandas()
    for name, kind in frame.dtypes.items():
        if isinstance(kind, pd.DatetimeTZDtype):
            frame[name] = frame[name].dt.tz_convert("UTC")
    return frame


def _refuse_same(names: list[str], form: OutputFormat) -> None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise Unsupported(
                "same-names",
                f"{form} takes the columns '{other}' and '{name}' for one",
                hint="write geojson, parquet or csv",
            )


def _write(frame: geopandas.GeoDataFrame, form: OutputFormat, path: Path, layer: str) -> None:
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError  # noqa: PLC0415

    options: dict[str, Any] = {
        "FID": "st_fid",
        "GEOMETRY_NAME": "st_geom",
    }  # no source column begins with st_
    if form is OutputFormat.FGB:
        options = {
            "SPATIAL_INDEX": "NO" if frame.geometry.isna().any() else "YES"
        }  # it has no place for nothing
    try:
        frame.to_file(
            path, driver=DRIVERS[form], engine="pyogrio", use_arrow=True, layer=layer, layer_options=options
        )
    except (DataLayerError, DataSourceError, FeatureError) as error:
        raise OSError(str(error)) from error
