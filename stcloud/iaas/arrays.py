"""Arrays kept in a folder, one file each, mapped back into memory: what was made once need not be made again."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import FormatError
from stcloud.iaas.folder import storage_errors

__all__ = ["read_arrays", "write_arrays"]

_DAMAGES = (ValueError, EOFError, SyntaxError, TokenError, TypeError, ArithmeticError, Warning)
"""What numpy says of a header that is read like an expression of Python."""


def write_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as a new folder, whole or not at all; what else lies beside it goes.

    Readers that have mapped an older folder keep what they have.
    """
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    with storage_errors(f"write {folder.name}"):
        try:
            temporary.mkdir(parents=True)
            for name, values in arrays.items():
                np.save(temporary / f"{name}.npy", values, allow_pickle=False)
            try:
                temporary.replace(folder)
            except OSError:  # there is one, damaged or of another writer
                shutil.rmtree(folder, ignore_errors=True)
                temporary.replace(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        for other in folder.parent.iterdir():
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)


def read_arrays(folder: Path) -> dict[str, NDArray[Any]] | None:
    """Map the arrays of a folder; None when there is no such folder.

    Raises
    ------
    FormatError
        ``damaged-index``: a file is not what `write_arrays` wrote.
    """
    if not folder.is_dir():
        return None
    with storage_errors(f"read {folder.name}"):
        try:
            return {one.stem: np.load(one, mmap_mode="r", allow_pickle=False) for one in folder.glob("*.npy")}
        except _DAMAGES as error:
            raise FormatError(
                "damaged-index", f"{folder} cannot be read: {error}", hint="delete it"
            ) from error
