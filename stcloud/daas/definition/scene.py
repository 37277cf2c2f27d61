"""Definitions of layers of scenes: where the date of an image is, what its bands and values are.

A scene is a feature whose key is product and tile and whose valid period begins when it was acquired. So its
definition is one of features, of which these parts are fixed.

Tested by `tests/daas/definition/test_scene.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from stcloud.daas.definition.clause import Closed, ColumnClause, SpaceClause, Text, ValidClause
from stcloud.daas.definition.document import toml_of
from stcloud.daas.definition.feature import FeatureDefinition
from stcloud.errors import InvalidInput
from stcloud.iaas.source.protocol import GEOMETRY
from stcloud.iaas.source.rasterreading import IMAGE_COLUMNS, Acquired, RasterReading, Regridding
from stcloud.space import Datum
from stcloud.time import Zone, check_format

__all__ = ["AcquiredClause", "RasterClause", "RegridClause", "SceneDefinition"]

_FIXED = ("key", "valid", "space", "shape", "predecessor", "grid", "duty", "columns", "duplicates", "trim")
_LONLAT = "OGC:CRS84"


class AcquiredClause(Closed):
    """Where the instant of a scene is: a pattern of the file's name (``file``) or a tag with its ``formats``.

    Neither is stated where files have a time coordinate. ``zone`` is that of instants without an offset; None: the
    city's.
    """

    file: Text | None = None
    tag: Text | None = None
    formats: Annotated[tuple[Text, ...], Field(min_length=1)] = ("iso", "%Y:%m:%d %H:%M:%S")
    zone: Text | None = None

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.file is not None and self.tag is not None:
            raise ValueError("the date is in the file's name or in a tag; state one of them")
        if self.file is not None:
            from stcloud.iaas.raster.naming import NamePattern  # noqa: PLC0415  (of scenes alone)

            NamePattern(self.file)
        for form in self.formats:
            check_format(form)
        if self.zone is not None:
            Zone(self.zone)
        return self


class RegridClause(Closed):
    """How values on curvilinear coordinates become pixels: the nearest value, if it is not farther than ``radius_m``.

    ``crs`` and ``resolution`` (units of the CRS) are those of the grid that is made.
    """

    crs: Text
    resolution: Annotated[float, Field(gt=0)]
    radius_m: Annotated[float, Field(gt=0)]


class RasterClause(Closed):
    """What the values of images are.

    ``bands`` names them in order (of netCDF: the variables); ``nodata``, ``scale`` and ``offset`` go before those of
    the file; ``crs`` is that of files that state none; ``classes`` names values that are classes, by value.
    """

    bands: tuple[Text, ...] = ()
    nodata: float | None = None
    scale: float | tuple[float, ...] | None = None
    offset: float | tuple[float, ...] | None = None
    crs: Text | None = None
    classes: dict[str, Text] = Field(default_factory=dict)
    regrid: RegridClause | None = None

    @field_validator("classes")
    @classmethod
    def _whole(cls, classes: dict[str, str]) -> dict[str, str]:
        wrong = [value for value in classes if not value.lstrip("-").isdigit()]
        if wrong:
            raise ValueError(f"classes are named by whole numbers, and {wrong[0]!r} is none")
        return classes

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if len(set(self.bands)) < len(self.bands) or any("," in name for name in self.bands):
            raise ValueError("bands have names, each another, without commas")
        for name in ("scale", "offset"):
            numbers = getattr(self, name)
            if isinstance(numbers, tuple) and len(numbers) != len(self.bands):
                raise ValueError(f"{name} is one number, or one for each of the {len(self.bands)} bands")
        return self


class SceneDefinition(FeatureDefinition):
    """A layer of scenes: images and grids, each valid from when it was acquired until the next of its tile."""

    modes: ClassVar[tuple[str, ...]] = ("changes",)
    clauses: ClassVar[dict[str, type[BaseModel]]] = {"acquired": AcquiredClause, "raster": RasterClause}

    kind: Literal["scene"]  # type: ignore[assignment]  # a definition of features in all else
    product: Text | None = None
    tile: Text | None = None
    acquired: AcquiredClause = AcquiredClause()
    raster: RasterClause = RasterClause()
    key: Annotated[tuple[Text, ...], Field(min_length=1)] = ("product", "tile")
    space: SpaceClause = SpaceClause.model_construct(
        column=GEOMETRY, encoding="wkb", crs=_LONLAT, datum=Datum.WGS84
    )

    @model_validator(mode="before")
    @classmethod
    def _with_period(cls, given: Any) -> Any:
        """Refuse what is fixed of scenes, and let their periods begin on the clock that is declared."""
        if not isinstance(given, dict):
            return given
        stated = [name for name in _FIXED if name in given]
        if stated:
            raise ValueError(f"{stated[0]} is not stated of scenes: their key is product and tile")
        acquired = given.get("acquired")
        zone = acquired.get("zone") if isinstance(acquired, dict) else getattr(acquired, "zone", None)
        return {**given, "valid": ValidClause.model_construct(start="since", zone=zone)}

    @model_validator(mode="after")
    def _of_scenes(self) -> Self:
        gives = frozenset[str]()
        if self.acquired.file is not None:
            from stcloud.iaas.raster.naming import NamePattern  # noqa: PLC0415  (of scenes alone)

            gives = NamePattern(self.acquired.file).gives
        if self.product is None and "product" not in gives:
            raise ValueError("product is needed: a text, or {product} in the pattern of file names")
        if {"product", "tile"} & {name for name in gives if getattr(self, name) is not None}:
            raise ValueError("product and tile are stated once: by a text or in the pattern of file names")
        return self

    def column(self, name: str) -> ColumnClause:
        """Return what a column of a scene is: instants are on the clock that the definition names."""
        if name == "acquired":
            return ColumnClause(type="instant", zone=self.acquired.zone)
        return super().column(name)

    def to_toml(self) -> str:
        """Return the definition as a TOML document that reads back as an equal definition."""
        return toml_of(
            self.model_dump(mode="json", exclude_defaults=True, by_alias=True, exclude=set(_FIXED))
        )

    def read_in_name(self, file: str) -> str | None:
        """Return the instant, tile and product that a file's name gives; None: none is read there."""
        if self.acquired.file is None:
            return None
        from stcloud.iaas.raster.naming import NamePattern  # noqa: PLC0415  (of scenes alone)

        stem = file.split(".", maxsplit=1)[0]
        try:
            text, _, fields = NamePattern(self.acquired.file).read(stem)
        except InvalidInput:
            return stem  # refused when it is opened
        return "|".join([text, fields.get("tile", ""), fields.get("product", "")])

    @property
    def raster_reading(self) -> RasterReading:
        """How the layer's files are read."""
        clause, regrid = self.raster, self.raster.regrid
        gives_tile = self.acquired.file is not None and "{tile}" in self.acquired.file
        return RasterReading(
            self.product, self.tile or (None if gives_tile else "whole"),
            Acquired(self.acquired.file, self.acquired.tag, self.acquired.formats),
            clause.bands, clause.nodata, _numbers(clause.scale), _numbers(clause.offset), clause.crs,
            bool(clause.classes), Regridding(regrid.crs, regrid.resolution, regrid.radius_m) if regrid else None,
        )  # fmt: skip

    @property
    def roles(self) -> tuple[str, ...]:
        """Columns that a scene is made of: all."""
        return tuple(IMAGE_COLUMNS)


def _numbers(stated: Any) -> tuple[float, ...]:
    if stated is None:
        return ()
    return stated if isinstance(stated, tuple) else (stated,)
