"""Damages of zip files: what reading one raises, whatever byte of it was changed.

A changed byte may name another compression, whose reader has errors of its own: some are those of the operating
system without a number.

Tested by `tests/iaas/store/test_zipdamage.py`.
"""

from __future__ import annotations

import contextlib
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator

from stcloud.errors import StcloudError

__all__ = ["zip_damages"]

_DAMAGES = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, NotImplementedError, ValueError, KeyError,
)  # fmt: skip


@contextlib.contextmanager
def zip_damages(refused: Callable[[str], StcloudError]) -> Iterator[None]:
    """Turn what a damaged zip file raises into an error; ``refused`` makes it of the words of the library."""
    try:
        yield
    except StcloudError:
        raise
    except _DAMAGES as error:
        raise refused(str(error)) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise refused(str(error)) from error
