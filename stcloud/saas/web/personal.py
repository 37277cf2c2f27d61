"""Which personal columns an answer holds: their names, for the audit trail, and never their values.

A column is named where the answer has it, where the answer has keys that are made of it, and where a group or a
measure is computed of it. Rather one too many is named than one too few.

Tested by `tests/saas/web/test_personal.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.daas.catalogue import Layer

__all__ = ["personal_in_document", "personal_in_records", "personal_of"]

_COMPUTED = ("by", "measure", "measures", "value", "compare")
"""What a document computes of columns, and names otherwise in its answer."""


def personal_of(
    layer: Layer, columns: Iterable[str], texts: Iterable[str] = (), prefix: str = ""
) -> frozenset[str]:
    """Return the personal columns of a layer that an answer holds, as ``LAYER.COLUMN``.

    Parameters
    ----------
    layer
        As the principal sees it.
    columns
        Columns of the answer, by their names or as they are stored; ``st_key`` is the key of rows.
    texts
        Groups and measures that the answer is computed of.
    prefix
        What columns of the layer begin with in the answer: those of a join's partners do.
    """
    personal = layer.personal
    if not personal:
        return frozenset()
    names, definition = set(columns), layer.definition
    keys = {definition.column(name).rename or name for name in definition.key_columns}
    has_key = (f"{prefix}key" if prefix else "st_key") in names
    computed = " ; ".join(texts)
    return frozenset(
        f"{layer.name}.{attribute.name}"
        for attribute in layer.attributes
        if attribute.name in personal
        and (
            not names.isdisjoint({f"{prefix}{attribute.name}", f"{prefix}{attribute.stored}"})
            or (has_key and attribute.name in keys)
            or re.search(rf"(?<!\w){re.escape(attribute.name)}(?!\w)", computed)
        )
    )


def personal_in_document(city: City, document: Mapping[str, Any], columns: Iterable[str]) -> frozenset[str]:
    """Return the personal columns that the answer to a question's document holds: of its layer, and of partners."""
    columns = list(columns)
    texts = [text for name in _COMPUTED for text in _texts(document.get(name))]
    held = personal_of(city.layer(document["layer"]), columns, texts)
    if "join" in document:
        partner = city.layer(document["join"])
        held |= personal_of(partner, columns, texts, prefix=f"{partner.name}_")
    return held


def personal_in_records(city: City, document: Any) -> frozenset[str]:
    """Return the personal columns that records of layers hold, as members or in the keys of what they name."""
    names, layers = set(), set()
    for name, value in _members(document):
        names.add(name)
        if name == "layer" and isinstance(value, str):
            layers.add(value)
    return frozenset(
        held
        for layer in city.layers()
        for held in personal_of(layer, names | ({"st_key"} if layer.name in layers else set()))
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def _members(document: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(document, dict):
        yield from document.items()
        for value in document.values():
            yield from _members(value)
    elif isinstance(document, list):
        for value in document:
            yield from _members(value)
