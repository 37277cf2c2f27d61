"""Whether a rule fits a city: its layers, columns, filters, places and times are there.

Tested by `tests/saas/rights/test_policy.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from stcloud.errors import NotFound, StcloudError, nearest
from stcloud.saas.rights.stored import StoredPart, needed_columns

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.daas.catalogue import Layer
    from stcloud.saas.rights.rule import PolicyRule

__all__ = ["faults_of"]


def faults_of(rule: PolicyRule, city: City) -> Iterator[str]:
    """Give what is wrong with a rule in a city, each in a sentence."""
    names = [layer.name for layer in city.layers()]
    yield from _unknown("layer", rule.layers, names)
    yield from _unknown("log of cases", rule.cases, city.case_logs())
    layers = [city.layer(name) for name in names if rule.names_layer(name)]
    stated = dict.fromkeys([*(rule.columns or ()), *rule.hide, *rule.mask])
    if layers:
        known = {attribute.name for layer in layers for attribute in layer.attributes}
        yield from _unknown("column", stated, sorted(known))
    for layer in layers:
        yield from (f"layer {layer.name}: {fault}" for fault in _faults_in(rule, city, layer))


def _unknown(noun: str, names: Iterable[str], known: Collection[str]) -> Iterator[str]:
    for name in names:
        if "*" not in name and name not in known:
            near = nearest(name, known)
            yield f"there is no {noun} '{name}'" + (f"; did you mean '{near[0]}'?" if near else "")


def _faults_in(rule: PolicyRule, city: City, layer: Layer) -> Iterator[str]:
    """Give what is wrong with a rule in one layer."""
    rule = rule.of_layer(layer.personal)
    needed = needed_columns(layer.definition)
    for name in (*rule.hide, *rule.mask):
        if name in needed:
            yield f"the key, the time or the place of rows is made of column '{name}': it cannot be hidden or masked"
    if (rule.hide or rule.columns is not None or rule.mask) and not layer.definition.key_columns:
        yield "rows have no key but the digest of all their values: no column of it can be hidden or masked"
    if rule.position is not None and layer.kind != "event":
        yield f"only positions of events can be given by cells, and it holds {layer.kind}s"
    if rule.limits_rows and layer.layer_kind.has_arrays:
        yield "images and grids are seen whole, or not at all"
        return
    before = list(_unreadable(rule, city, layer.name))
    yield from before
    if rule.limits_rows and not before:
        yield from _fault(lambda: StoredPart.of(rule, city, layer, b""))


def _unreadable(rule: PolicyRule, city: City, layer: str) -> Iterator[str]:
    query = city.query(layer)
    for text in rule.what:
        yield from _fault(partial(query.what, text))
    for text in rule.where:
        yield from _fault(partial(query.where, text))
    for text in rule.when:
        yield from _fault(partial(query.when, text))


def _fault(attempt: Callable[[], object]) -> Iterator[str]:
    try:
        attempt()
    except StcloudError as error:
        near = (
            f"; did you mean '{error.nearest[0]}'?" if isinstance(error, NotFound) and error.nearest else ""
        )
        yield f"{error.message}{near}"
