"""What the page is given of one answer: its rows, its places, the classes of its map.

Tested by `tests/saas/console/test_notebook.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stcloud.errors import InvalidInput, StcloudError, Unsupported
from stcloud.saas.console.inprocess import Received
from stcloud.saas.report.fieldclasses import field_classes
from stcloud.saas.web.answerformat import written
from stcloud.saas.web.call import encoded
from stcloud.saas.web.media import GEOJSON, JSON, Media

if TYPE_CHECKING:
    from stcloud.paas.query import Answer

__all__ = ["AnswerDesk"]

_CLASSES = 5


class AnswerDesk:
    """Answers the page's requests with an answer that is there.

    Parameters
    ----------
    answer
        What is shown.
    most_rows
        The most that it may have.

    Raises
    ------
    InvalidInput
        ``too-many-rows``
    """

    def __init__(self, answer: Answer, most_rows: int = 10_000) -> None:
        if len(answer) > most_rows:
            raise InvalidInput(
                "too-many-rows", f"the answer has {len(answer):,} rows, and a page shows {most_rows:,}",
                hint="ask with a limit, or for groups",
            )  # fmt: skip
        self._answer = answer
        self._paths: Mapping[str, Callable[[], tuple[bytes, Media]]] = {
            "/console.json": self._city,
            "/answer.json": self._rows,
            "/answer.geojson": lambda: (written(answer, GEOJSON), GEOJSON),
            "/legend.json": self._legend,
        }

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        then: Callable[[Received], None],
    ) -> None:
        """Answer a request at once."""
        del method, headers, body
        made = self._paths.get(path.partition("?")[0])
        if made is None:
            then(_refused(404, "no-route", "an answer has no more than its rows"))
            return
        try:
            content, media = made()
        except StcloudError as error:
            then(_refused(404 if isinstance(error, Unsupported) else 400, error.kind, str(error)))
            return
        then(Received(200, {"content-type": media.type}, content))

    def _city(self) -> tuple[bytes, Media]:
        """Return what the page knows of a city: of an answer there is a board alone."""
        answer = self._answer
        name = answer.facts.get("layer", "")
        document: dict[str, Any] = {
            "name": name, "layers": [], "logs": [], "grids": [], "bbox": self._bbox(), "now": "-",
        }  # fmt: skip
        return encoded(document), JSON

    def _bbox(self) -> list[float] | None:
        """Return west, south, east and north of the places, in degrees; None: there are none."""
        if self._answer.shape_column is None:
            return None
        places = self._answer.to_geopandas("OGC:CRS84").geometry.dropna()
        return None if places.empty else [float(number) for number in places.total_bounds]

    def _rows(self) -> tuple[bytes, Media]:
        answer = self._answer
        facts = encoded(dict(answer.facts))
        head = encoded(
            {"groups": list(answer.groups), "pin": None if answer.pin is None else answer.pin.text}
        )
        body = head[:-1] + b',"facts":' + facts + b',"rows":' + written(answer, JSON).strip() + b"}"
        return body, JSON

    def _legend(self) -> tuple[bytes, Media]:
        """Return the classes of the first measure; of rows, and of what has no number, there are none."""
        table, groups = self._answer.table, self._answer.groups
        numbers = [
            field.name
            for field in table.schema
            if field.name not in groups
            and (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))
        ]
        if not groups or not numbers:
            return encoded({"field": None, "classes": [], "zero": {}, "absent": {}, "no_value": {}}), JSON
        return encoded(field_classes(table, numbers[0], _CLASSES)), JSON

    def close(self) -> None:
        """Do nothing: an answer holds nothing open."""


def _refused(status: int, kind: str, detail: str) -> Received:
    document = {"title": kind, "status": status, "detail": detail}
    return Received(status, {"content-type": "application/problem+json"}, encoded(document))
