"""Conformance classes that the service has. Tested by `tests/saas/web/test_landing.py`."""

from __future__ import annotations

__all__ = ["CONFORMANCE", "CQL2", "RECORDS"]

_FEATURES = "http://www.opengis.net/spec/ogcapi-features-"
_TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/"
_RECORDS = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/"
CQL2 = (
    "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
    "accent-insensitive-comparison", "basic-spatial-functions", "basic-spatial-functions-plus", "spatial-functions",
    "temporal-functions", "array-functions", "property-property", "functions", "arithmetic",
)  # fmt: skip
"""Classes of CQL2 that filters pass (docs/reference/filters.md)."""
RECORDS = (
    "record-core", "record-collection", "record-core-query-parameters", "records-api", "searchable-catalog", "json",
    "html",
)  # fmt: skip
"""Classes of OGC API Records that the catalogue has: it is searchable, without CQL2 and without sorting."""

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    f"{_FEATURES}1/1.0/conf/core",
    f"{_FEATURES}1/1.0/conf/oas30",
    f"{_FEATURES}1/1.1/conf/core",
    f"{_FEATURES}1/1.1/conf/oas31",
    f"{_FEATURES}1/1.0/conf/geojson",
    f"{_FEATURES}1/1.0/conf/html",
    f"{_FEATURES}2/1.0/conf/crs",
    f"{_FEATURES}3/1.0/conf/queryables",
    f"{_FEATURES}3/1.0/conf/queryables-query-parameters",
    f"{_FEATURES}3/1.0/conf/filter",
    f"{_FEATURES}3/1.0/conf/features-filter",
    f"{_FEATURES}8/1.0/conf/sorting",
    f"{_FEATURES}8/1.0/conf/sortables",
    f"{_FEATURES}8/1.0/conf/features-sorting",
    *(f"{_TILES}{name}" for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt")),
    *(f"{_CQL2}{name}" for name in CQL2),
    *(f"{_RECORDS}{name}" for name in RECORDS),
)
"""Features 1, 2, 3, the draft of sorting, and Records. Versioned Features is a draft without addresses of its own."""
