"""Files of cubes: netCDF, Zarr, Parquet and GeoPackage, written whole or not at all; but the last are read back.

Tested by `tests/saas/test_cubefile.py`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stcloud.errors import InvalidInput, MissingExtra, NotFound, Unsupported
from stcloud.saas.wholefile import refuse_unwritable, whole_file, whole_folder

if TYPE_CHECKING:
    from stcloud.paas.cube.cube import Cube

__all__ = ["CUBE_SUFFIXES", "READABLE_SUFFIXES", "check_cube_path", "read_cube", "write_cube"]

CUBE_SUFFIXES = (".zarr", ".nc", ".parquet", ".gpkg")
"""Suffixes of files that hold a cube."""
READABLE_SUFFIXES = (".zarr", ".nc", ".parquet")
"""Suffixes of those that are read back."""
_ZARR = "zarr.json"
_LARGEST_MB = 2_000.0
_PACKED = {"zlib": True, "complevel": 1, "shuffle": True}


def check_cube_path(path: Path) -> None:
    """Refuse a file that a cube could not be written to, before there is a cube. Nothing is created.

    Raises
    ------
    Unsupported
        ``unknown-format``: its name does not tell a format of cubes.
    MissingExtra
        ``missing-cube``: the format needs a part that is not installed.
    InvalidInput, StorageError
        What `refuse_unwritable` raises.
    """
    _require(_suffix(path))
    refuse_unwritable(path, _ZARR if _suffix(path) == ".zarr" else None)


def write_cube(cube: Cube, path: str | os.PathLike[str]) -> Path:
    """Write a cube into a new file, whose suffix tells the format.

    Parameters
    ----------
    cube
        The cube.
    path
        ``.nc`` (netCDF) and ``.zarr`` (a folder, Zarr 3) have all bins, ``.parquet`` a row for each bin that has
        something: `read_cube` makes the cube of each of these again. ``.gpkg`` has the cells, and the bins that have
        something with the shape of their cell, for a GIS. What is there is replaced, and only by a whole file.

    Returns
    -------
    The path.

    Raises
    ------
    Unsupported
        ``unknown-format``, ``too-large``, ``not-areas``
    MissingExtra
        ``missing-cube``
    InvalidInput
        ``file-of-a-city``; ``no-shapes``: a GeoPackage of cells that have no shapes.
    StorageError
        It cannot be written.
    """
    target = Path(path)
    check_cube_path(target)
    _WRITERS[_suffix(target)](cube, target)
    return target


def read_cube(path: str | os.PathLike[str]) -> Cube:
    """Read a cube that `write_cube` or ``stcloud cube -o`` wrote, without loss.

    Parameters
    ----------
    path
        ``.nc``, ``.zarr`` or ``.parquet``.

    Raises
    ------
    NotFound
        ``unknown-source``: there is no such file.
    InvalidInput
        ``no-cube``: there is no cube of stcloud in it, or it is damaged, or of another version.
    StorageError
        ``no-permission``
    Unsupported
        ``unknown-format``
    MissingExtra
        ``missing-cube``
    """
    source = Path(path)
    suffix = _suffix(source, _READERS)
    if not source.exists():
        raise NotFound("unknown-source", f"there is no file {source}")
    _require(suffix)
    try:
        return _READERS[suffix](source)
    except InvalidInput as error:
        raise InvalidInput("no-cube", f"{source}: {error.message}", hint=error.hint) from error
    except Exception as error:  # libraries raise whatever they like of a damaged file
        from stcloud.iaas.store.oserror import one_line, os_errno, storage_error  # noqa: PLC0415

        if os_errno(error) in (errno.EACCES, errno.EPERM):
            raise storage_error(f"read {source}", error) from error
        raise InvalidInput("no-cube", f"{source} cannot be read as a cube: {one_line(error)}") from error


def _suffix(path: Path, offered: Mapping[str, Any] | None = None) -> str:
    suffix, known = path.suffix.lower(), CUBE_SUFFIXES if offered is None else tuple(offered)
    if suffix not in known:
        raise Unsupported(
            "unknown-format", f"the name of {path} does not tell a format of cubes",
            hint=f"let it end in {', '.join(known[:-1])} or {known[-1]}",
        )  # fmt: skip
    return suffix


def _require(suffix: str) -> None:
    """Import what reads and writes a format; `MissingExtra` ``missing-cube`` where it is not installed."""
    try:
        if suffix == ".zarr":
            import xarray  # noqa: PLC0415  (an extra)
            import zarr  # noqa: F401, PLC0415
        if suffix == ".nc":
            import h5netcdf  # noqa: F401, PLC0415
            import h5py  # noqa: F401, PLC0415
            import xarray  # noqa: F401, PLC0415
    except ImportError as error:
        raise MissingExtra(
            "missing-cube", f"files {suffix} of cubes need {error.name}", hint="pip install 'stcloud[cube]'"
        ) from error


def _write_netcdf(cube: Cube, path: Path) -> None:
    from stcloud.paas.cube.dataset import dataset_of  # noqa: PLC0415  (slow to import)

    dataset = dataset_of(cube, _LARGEST_MB, exact=True)
    packed = [name for name, variable in dataset.data_vars.items() if variable.dims[:2] == ("time", "cell")]
    with whole_file(path) as whole:
        dataset.to_netcdf(whole, engine="h5netcdf", encoding=dict.fromkeys(packed, _PACKED))


def _write_zarr(cube: Cube, path: Path) -> None:
    from stcloud.paas.cube.dataset import dataset_of  # noqa: PLC0415  (slow to import)

    dataset = dataset_of(cube, _LARGEST_MB, exact=True)
    with whole_folder(path) as whole:
        dataset.to_zarr(whole, mode="w", zarr_format=3, consolidated=False)


def _write_parquet(cube: Cube, path: Path) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415  (slow to import)

    from stcloud.paas.cube.cube_table import table_of  # noqa: PLC0415

    table = table_of(cube)
    plain = table.replace_schema_metadata(None)  # which would be written twice
    with whole_file(path) as whole, pq.ParquetWriter(whole, plain.schema, compression="zstd") as writer:
        writer.write_table(plain)
        writer.add_key_value_metadata(table.schema.metadata)


def _write_geopackage(cube: Cube, path: Path) -> None:
    from stcloud.saas.cubelayers import bins_of, cells_of  # noqa: PLC0415  (slow to import)

    layers = {"cells": cells_of(cube), "bins": bins_of(cube)}
    with whole_file(path, ".gpkg") as whole:
        for name, frame in layers.items():
            options = {"FID": "st_fid", "GEOMETRY_NAME": "st_geom"}
            frame.to_file(
                whole, driver="GPKG", engine="pyogrio", use_arrow=True, layer=name, layer_options=options
            )


def _read_netcdf(path: Path) -> Cube:
    import xarray as xr  # noqa: PLC0415  (slow to import)

    from stcloud.paas.cube.reading import cube_of_dataset  # noqa: PLC0415

    with xr.open_dataset(path, engine="h5netcdf", mask_and_scale=False, decode_times=False) as dataset:
        return cube_of_dataset(dataset)


def _read_zarr(path: Path) -> Cube:
    import xarray as xr  # noqa: PLC0415  (slow to import)

    from stcloud.paas.cube.reading import cube_of_dataset  # noqa: PLC0415

    with xr.open_dataset(
        path, engine="zarr", chunks=None, consolidated=False, mask_and_scale=False, decode_times=False
    ) as dataset:
        return cube_of_dataset(dataset)


def _read_parquet(path: Path) -> Cube:
    import pyarrow.parquet as pq  # noqa: PLC0415  (slow to import)

    from stcloud.paas.cube.reading import cube_of_table  # noqa: PLC0415

    with pq.ParquetFile(path) as file:
        return cube_of_table(file.read().replace_schema_metadata(file.metadata.metadata))


_WRITERS: Mapping[str, Callable[[Cube, Path], None]] = {
    ".zarr": _write_zarr, ".nc": _write_netcdf, ".parquet": _write_parquet, ".gpkg": _write_geopackage,
}  # fmt: skip
_READERS: Mapping[str, Callable[[Path], Cube]] = {
    ".zarr": _read_zarr, ".nc": _read_netcdf, ".parquet": _read_parquet,
}  # fmt: skip
