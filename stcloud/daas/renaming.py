"""Renaming a layer: all that it has stays where it is, and from one instant on it is called otherwise.

Tested by `tests/daas/test_renaming.py` and `tests/reliability/test_kill_rename.py`.
"""

from __future__ import annotations

import contextlib
import re

from stcloud.daas.catalogue import Catalogue
from stcloud.daas.configuration import WITH_NAMES, CityConfiguration
from stcloud.errors import InvalidInput
from stcloud.iaas.clock import Clock
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.again import anew_when_overtaken

__all__ = ["rename_layer"]

_FORMAT_LINE = re.compile(r"(?m)^format[ \t]*=[ \t]*\d+")


def rename_layer(
    catalogue: Catalogue, folder: Folder, old: str, new: str, clock: Clock, *, wait_s: float
) -> bool:
    """Rename a layer; return False when it has the new name already, so that a job may be repeated.

    Raises
    ------
    NotFound
        ``unknown-layer``; ``renamed-layer``: it has another name by now.
    InvalidInput
        ``bad-name``; ``name-taken``: another layer has the new name, or had it.
    Conflict
        ``locked``: a load holds the layer for longer than ``wait_s`` seconds. ``concurrent-commit``: other machines
        were faster again and again.
    """
    naming = catalogue.naming
    with contextlib.ExitStack() as held:
        locks = {catalogue.lock_name(old), catalogue.lock_name(new), f"layer-{new}"}
        for lock in sorted(locks):  # in one order, so that no two wait for each other
            held.enter_context(folder.lock(lock, wait_s=wait_s))
        catalogue.settle_name(new)
        held.enter_context(naming.lock(wait_s=wait_s))
        return _renamed(catalogue, folder, old, new, clock)


@anew_when_overtaken
def _renamed(catalogue: Catalogue, folder: Folder, old: str, new: str, clock: Clock) -> bool:
    """Rename a layer by what all are called now: another machine may have renamed this one, or one to this name."""
    naming = catalogue.naming
    with storage_errors(f"rename layer '{old}'"):
        known = naming.known()
        renamed = known.by_name.get(old)
        if old == new or (renamed is not None and renamed.name == new):
            catalogue.layer(new)
            return False
        catalogue.layer(old)
        _refuse_taken(catalogue, old, new)
        if known.text is None:
            naming.begin()
            known = naming.known()
        _raise_format(folder)
        naming.give_name(old, new, clock(), known)
    return True


def _refuse_taken(catalogue: Catalogue, old: str, new: str) -> None:
    """Refuse a name of another layer; what a first load under this name left that was killed is removed."""
    naming = catalogue.naming
    other = naming.renamed(new)
    if other is not None and other != naming.renamed(old):
        called = "" if other.name == new else f" was the name of layer '{other.name}', and"
        raise _taken(f"the name '{new}'{called} is taken")
    if other is None and not catalogue.clear(new):
        raise _taken(f"the name '{new}' is taken: there is a layer of this name")


def _taken(problem: str) -> InvalidInput:
    return InvalidInput("name-taken", problem, hint="choose another name, or delete that layer")


def _raise_format(folder: Folder) -> None:
    """Let older versions, which know no names, refuse the city: they would load into a layer of their own."""
    text = folder.read_text("city.toml")
    if CityConfiguration.from_toml(text).format < WITH_NAMES:
        folder.write_text(_FORMAT_LINE.sub(f"format = {WITH_NAMES}", text, count=1), "city.toml")
