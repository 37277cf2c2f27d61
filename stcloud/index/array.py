"""Arrays of the index: their types, and how they are kept from being written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Arrays", "Ints", "Metres", "frozen"]

Ints: TypeAlias = NDArray[np.int64]
Metres: TypeAlias = NDArray[np.float64]
Arrays: TypeAlias = Mapping[str, NDArray[Any]]
"""What an index is kept as: plain arrays by name, each written with `numpy.save` and mapped back."""


def frozen(values: NDArray[Any]) -> NDArray[Any]:
    """Return a view that cannot be written: an index never changes, and kernels are compiled for one kind only.

    Parameters
    ----------
    values
        Any array; a memory-mapped one is not copied.
    """
    view = np.asarray(values).view()
    view.flags.writeable = False
    return view
