"""Features with time slices: a profile of the draft *Versioned Features* in which a feature has all its versions.

``properties`` has those of each version under its period. The draft has no place for geometries that differ; here
``geometry`` is what all the versions share; where they differ it is null, and ``geometries`` has one for each period.

Tested by `tests/saas/web/test_timeslices.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from stcloud.errors import InvalidInput, Unsupported
from stcloud.saas.web.collectionkind import SAME_IDS, SLICES
from stcloud.saas.web.geojson import features_of

if TYPE_CHECKING:
    from stcloud.paas.query import Answer, Query
    from stcloud.saas.web.collectionkind import CollectionKind
    from stcloud.saas.web.referencesystem import ReferenceSystem

__all__ = ["sliced_features", "versions_of_features"]

_VERSIONS = 4
"""So many versions a feature are read at first; where there are more, as many as an answer may have."""


def versions_of_features(
    query: Query, unpinned: Query, limit: int, after: str | None, most: int, *, order: Sequence[str] = ()
) -> Answer:
    """Return the versions of a page of features: whole features, each with all its versions that are selected.

    Parameters
    ----------
    query, unpinned
        What is selected, and the same without what it is to be known at.
    limit, most
        Most features, and most versions.
    after
        Where the page before ended.
    order
        What the versions are to be sorted by; `InvalidInput` ``unfit-profile`` if there is anything.

    Raises
    ------
    Unsupported
        ``too-many-rows``: one feature has more versions.
    """
    if order:
        raise InvalidInput(
            "unfit-profile", f"profile={SLICES} gives features by their keys: it cannot be sorted",
            hint=f"leave sortby out, or take profile={SAME_IDS}",
        )  # fmt: skip
    for rows in dict.fromkeys((min(most, _VERSIONS * limit) + 1, most + 1)):
        answer = query.rows(rows, after=after)
        keys = answer.table["st_key"].to_pylist()
        ends = [place for place in range(1, len(keys)) if keys[place] != keys[place - 1]]
        if len(ends) >= limit:
            return _cut(answer, unpinned, ends[limit - 1], after)
        if answer.next is None and len(keys) <= most:
            return answer
    if not ends:
        raise Unsupported(
            "too-many-rows", f"a feature has more than {most:,} versions", hint="ask for a shorter time"
        )
    return _cut(answer, unpinned, ends[-1], after)


def _cut(answer: Answer, unpinned: Query, rows: int, after: str | None) -> Answer:
    """Return the first rows of an answer, at its pin."""
    pinned = unpinned if answer.pin is None else unpinned.known_at(answer.pin.text)
    return pinned.rows(rows, after=after)


def sliced_features(
    answer: Answer,
    names: Sequence[str],
    kind: CollectionKind,
    system: ReferenceSystem,
    *,
    places: bool = True,
) -> list[dict[str, Any]]:
    """Return the versions of an answer as features with time slices; arguments are those of `features_of`."""
    versions = features_of(answer, names, kind, system, SAME_IDS, places=places)
    return list(_merged(versions))


def _merged(versions: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for key, group in groupby(versions, key=lambda version: version["id"]):
        slices = {"/".join(version["time"]["interval"]): version for version in group}
        periods = [version["time"]["interval"] for version in slices.values()]
        geometries = {period: version["geometry"] for period, version in slices.items()}
        geometry, *others = geometries.values()
        shared = all(other == geometry for other in others)
        yield {
            "type": "Feature",
            "id": key,
            "time": {"interval": [periods[0][0], periods[-1][1]]},
            "geometry": geometry if shared else None,
            **({} if shared else {"geometries": geometries}),
            "properties": {period: version["properties"] for period, version in slices.items()},
        }
