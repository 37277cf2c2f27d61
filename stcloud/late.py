"""Imports at first use, so that what is not used is not waited for: names of a package, and plug-ins.

Ring: below all others, beside the errors. It knows how Python finds a name of a module, and nothing of the field.

Tested by `tests/test_late.py`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["late_names", "plugin"]


def late_names(module: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module whose names live elsewhere.

    Parameters
    ----------
    module
        Its ``__name__``.
    homes
        The module of each name: of the whole package, or relative to this one (``.crs``).

    Returns
    -------
    A function of a name that imports it, and keeps it in the module. `AttributeError` for other names.

    Examples
    --------
    >>> from stcloud import space
    >>> space.LONLAT
    'OGC:CRS84'
    """

    def imported(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(homes[name], module), name)
        setattr(sys.modules[module], name, value)
        return value

    return imported


def plugin(group: str, name: str) -> Any:
    """Return what an installed package offers under a name: a room asks for it that may not know who offers it.

    Parameters
    ----------
    group, name
        An entry point, as `importlib.metadata` finds it: ``stcloud.notebook``, ``explore``.

    Raises
    ------
    MissingExtra
        ``plug-in-needed``: no installed package offers it.

    Examples
    --------
    >>> plugin("stcloud.notebook", "explore").__module__
    'stcloud.saas.console.notebook'
    """
    from importlib.metadata import entry_points  # noqa: PLC0415  (slow to import)

    from stcloud.errors import MissingExtra  # noqa: PLC0415

    for point in entry_points(group=group, name=name):
        return point.load()
    raise MissingExtra(
        "plug-in-needed", f"nothing that is installed offers '{name}' of {group}", hint="install stcloud anew"
    )
