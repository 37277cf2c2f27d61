"""Names of a package that are imported when they are first used, so that what is not used is not waited for.

Ring: below all others, beside the errors. It knows how Python finds a name of a module, and nothing of the field.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["late_names"]


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
