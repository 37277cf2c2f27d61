"""Keys that an older version made of floats: `3.4e+11` or `5.0` for a code that is `340000000000` or `5`.

Tables say in the metadata of `st_key` that their keys are canonical; one that does not may hold such keys, and
what is loaded into it now would count as other features.

Tested by `tests/daas/load/test_types.py`.
"""

from __future__ import annotations

from pathlib import PurePath

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.catalogue import Layer
from stcloud.daas.table.schema import has_canonical_keys
from stcloud.errors import InvalidInput
from stcloud.iaas.table.table import Table

__all__ = ["mangled_keys", "refuse_mangled"]

_TYPED = (
    ".parquet",
    ".pq",
    ".gpkg",
    ".fgb",
    ".shp",
    ".geojson",
    ".geojsonl",
    ".geojsons",
    ".json",
    ".zip",
    ".gml",
)
_WITH_EXPONENT = r"(^|\|)-?\d(\.\d+)?e\+\d\d+(\||$)"
_WITH_ZEROS = r"(^|\|)-?\d+\.0+(\||$)"
_NUMBERS = r"^-?\d(\.\d+)?e\+\d\d+$|^-?\d+(\.0+)?$"


def mangled_keys(layer: Layer) -> list[str]:
    """Return the keys of a layer that a float was written as; none where its table says that keys are canonical."""
    if has_canonical_keys(layer.snapshot.schema) or not _had_typed_source(layer):
        return []
    keys = _believed(layer)
    parts = pc.list_flatten(pc.split_pattern(keys, "|"))
    pattern = _WITH_EXPONENT
    if pc.all(pc.match_substring_regex(parts, _NUMBERS)).as_py():
        pattern = f"{_WITH_EXPONENT}|{_WITH_ZEROS}"
    mangled: list[str] = keys.filter(pc.match_substring_regex(keys, pattern)).to_pylist()
    return mangled


def refuse_mangled(layer: Layer) -> None:
    """Refuse to load into a layer that holds such keys: its features would all end, and begin under other keys.

    Raises
    ------
    InvalidInput
        ``mangled-keys``
    """
    keys = mangled_keys(layer)
    if keys:
        raise InvalidInput(
            "mangled-keys",
            f"layer '{layer.name}' holds {len(keys):,} keys that an older version made of floats ({keys[0]!r}, …)",
            hint="load its files, oldest first, into a layer of another name; this one can still be read",
        )


def _had_typed_source(layer: Layer) -> bool:
    if layer.definition.read.format in ("vector", "parquet"):
        return True
    return any(suffix in _TYPED for load in layer.loads for suffix in PurePath(load.source.lower()).suffixes)


def _believed(layer: Layer) -> pa.Array:
    kind = layer.layer_kind
    return kind.current_keys(kind.table(layer.name, Table.of(layer.snapshot)), layer.snapshot)
