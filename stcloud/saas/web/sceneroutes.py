"""Scenes over HTTP: which there are, and pictures of them for a map.

Tested by `tests/saas/web/test_sceneroutes.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import shapely
from starlette.responses import Response

from stcloud.errors import InvalidInput
from stcloud.iaas.raster.png import png_of
from stcloud.paas.scene.mapimage import MapImage, footprints_of, map_image, only_scene, scene_id
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.layerlist import named_layer
from stcloud.saas.web.media import GEOJSON, JSON, PNG
from stcloud.saas.web.parameter import iso_utc, read_bbox, read_limit

if TYPE_CHECKING:
    from stcloud.paas.scene.choice import SceneChoice
    from stcloud.paas.scene.scene import Scene

__all__ = [
    "PICTURE", "mosaic_corners", "mosaic_image", "scene_corners", "scene_image", "scene_list",
]  # fmt: skip

PICTURE = ("width", "bbox", "bands", "known")
_DEFAULT_ROWS = 1_000
_DEFAULT_WIDTH = 1_024


def scene_list(call: CityRequest) -> Response:
    """Return scenes with their times and footprints: all, or with ``at`` those that hold at an instant."""
    given = call.known_parameters(("at", "known", "limit"))
    media = call.media(GEOJSON)
    limit = read_limit(given.get("limit"), _DEFAULT_ROWS, call.service.settings.most_rows)
    choice = _chosen(call, given)
    shapes = footprints_of(choice)[:limit]
    texts = shapely.to_geojson(shapely.orient_polygons(shapes)) if len(shapes) else []
    features = [
        _feature(scene, text) for scene, text in zip(choice.scenes[:limit], texts, strict=True)
    ]  # fmt: skip
    _note(call, choice, len(features))
    document = {
        "type": "FeatureCollection", "layer": choice.layer, "pin": choice.pin.text,
        "classes": {str(value): name for value, name in choice.classes},
        "numberMatched": len(choice), "numberReturned": len(features), "features": features,
        "links": call.own_links(media, (GEOJSON,)),
    }  # fmt: skip
    return call.reply(encoded(document), media)


def mosaic_image(call: CityRequest) -> Response:
    """Return a picture of the scenes that hold at an instant, ``at``, the present one by default."""
    return _picture(call, _mosaic(call)[1])


def mosaic_corners(call: CityRequest) -> Response:
    """Return where the picture of the scenes of an instant lies."""
    given, image = _mosaic(call)
    return _corners(call, image, given)


def scene_image(call: CityRequest) -> Response:
    """Return a picture of one scene."""
    return _picture(call, _single(call)[1])


def scene_corners(call: CityRequest) -> Response:
    """Return where the picture of one scene lies."""
    given, image = _single(call)
    return _corners(call, image, given)


def _mosaic(call: CityRequest) -> tuple[dict[str, str], MapImage]:
    given = call.known_parameters((*PICTURE, "at"))
    given.setdefault("at", iso_utc(call.now_us))
    return given, _image(given, _chosen(call, given))


def _single(call: CityRequest) -> tuple[dict[str, str], MapImage]:
    given = call.known_parameters(PICTURE)
    return given, _image(given, only_scene(_chosen(call, given), call.segments["scene"]))


def _image(given: dict[str, str], choice: SceneChoice) -> MapImage:
    box = read_bbox(given["bbox"]) if "bbox" in given else None
    bands = [name for name in given.get("bands", "").split(",") if name] or None
    return map_image(choice, _width(given.get("width")), box, bands)


def _chosen(call: CityRequest, given: dict[str, str]) -> SceneChoice:
    scenes = call.city.scenes(named_layer(call).name)
    if "at" in given:
        return scenes.as_of(given["at"], known_at=given.get("known"))
    return scenes.all(known_at=given.get("known"))


def _picture(call: CityRequest, image: MapImage) -> Response:
    media = call.media(PNG)
    _note(call, image.choice, len(image.choice))
    lon, lat = zip(*image.corners, strict=True)
    box = (min(lon), min(lat), max(lon), max(lat))
    call.extra["Content-Bbox"] = ",".join(f"{degrees:.9f}" for degrees in box)
    return call.reply(png_of(image.rgba()), media)


def _corners(call: CityRequest, image: MapImage, given: dict[str, str]) -> Response:
    media = call.media(JSON)
    _note(call, image.choice, len(image.choice))
    rows, columns = image.grid.shape
    path = ["scenes", *(call.segments[name] for name in ("collection", "scene") if name in call.segments)]
    given = {name: value for name, value in given.items() if name != "f"}
    document = {
        "corners": image.corners, "width": columns, "height": rows, "bands": image.bands,
        "pin": image.choice.pin.text, "image": call.url(*path, "image", **given),
        "scenes": [_scene_document(scene) for scene in image.choice.scenes[:_DEFAULT_ROWS]],
    }  # fmt: skip
    return call.reply(encoded(document), media)


def _feature(scene: Scene, shape: str) -> dict[str, Any]:
    return {
        "type": "Feature", "id": scene_id(scene), "geometry": msgspec.Raw(shape.encode()),
        "properties": _scene_document(scene),
    }  # fmt: skip


def _scene_document(scene: Scene) -> dict[str, Any]:
    rows, columns = scene.facts.grid.shape
    return {
        "id": scene_id(scene), "product": scene.product, "tile": scene.tile, "acquired": iso_utc(scene.acquired_us),
        "until": None if scene.until_us is None else iso_utc(scene.until_us), "recorded": iso_utc(scene.recorded_us),
        "bands": scene.facts.bands, "rows": rows, "columns": columns, "crs": scene.facts.grid.crs,
    }  # fmt: skip


def _note(call: CityRequest, choice: SceneChoice, rows: int) -> None:
    call.given["rows"], call.given["pin"] = rows, choice.pin.text
    call.extra["Pin"] = choice.pin.text


def _width(text: str | None) -> int:
    if text is None:
        return _DEFAULT_WIDTH
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        raise InvalidInput("bad-width", f"width={text[:40]} is no number of pixels")
    return int(text)
