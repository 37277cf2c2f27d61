"""Bodies that are files: taken in piece by piece, into a folder of their own, before a worker is needed.

Tested by `tests/saas/web/test_uploads.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from stcloud.errors import InvalidInput, StcloudError, Unsupported
from stcloud.saas.web.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Upload", "Uploads", "discard", "read_body"]

_PIECE_BYTES = 1 << 20
_DISCARDED_BYTES, _DISCARDED_S = 100_000_000, 10.0
"""How much of a body that is refused is read, and how long."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A body in a file.

    Parameters
    ----------
    path
        The file, in a folder that holds nothing else.
    release
        Called when it is closed.
    """

    path: Path
    release: Callable[[], object] = field(default=lambda: None, repr=False)

    def close(self) -> None:
        """Remove the file and its folder; called once."""
        shutil.rmtree(self.path.parent, ignore_errors=True)
        self.release()


class Uploads:
    """Takes in bodies, so many at a time; each is whole, or it is nowhere."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._held = 0
        self._lock = threading.Lock()

    async def received(self, request: Request) -> Upload:
        """Return the body of a request as a file; whoever gets it closes it.

        Raises
        ------
        InvalidInput
            ``body-too-large``, if the request says so or when it turns out.
        Unsupported
            ``too-busy``: too many are held already; ``took-too-long``.
        ClientDisconnect
            The client left before its end.
        """
        most = self._settings.most_load_bytes
        length = request.headers.get("content-length", "")
        try:
            if length.isdecimal() and int(length) > most:
                raise _too_large(most)
            self._hold()
        except StcloudError:
            await discard(request)
            raise
        upload = Upload(Path(tempfile.mkdtemp(prefix="stcloud-upload-")) / "body", self._released)
        try:
            async with asyncio.timeout(self._settings.load_seconds):
                with upload.path.open("wb") as file:
                    await _written(request, file, most)
        except TimeoutError as error:
            upload.close()
            raise Unsupported(
                "took-too-long", f"the body did not come within {self._settings.load_seconds:g} seconds"
            ) from error
        except BaseException:
            upload.close()
            raise
        return upload

    def _hold(self) -> None:
        with self._lock:
            if self._held >= self._settings.uploads:
                raise Unsupported(
                    "too-busy", "too many files are taken in at present", hint="send it in a while"
                )
            self._held += 1

    def _released(self) -> None:
        with self._lock:  # closed by a worker's thread
            self._held -= 1


async def _written(request: Request, file: BinaryIO, most: int) -> None:
    """Write a body to a file, a piece at a time; `InvalidInput` ``body-too-large``."""
    parts: list[bytes] = []
    waiting = 0
    async for part in _bounded(request, most):
        waiting += len(part)
        parts.append(part)
        if waiting >= _PIECE_BYTES:
            await run_in_threadpool(file.write, b"".join(parts))
            parts, waiting = [], 0
    file.write(b"".join(parts))


async def read_body(request: Request, most: int) -> bytes:
    """Return a whole body; `InvalidInput` ``body-too-large``."""
    return b"".join([part async for part in _bounded(request, most)])


async def _bounded(request: Request, most: int) -> AsyncIterator[bytes]:
    """Give a body of so many bytes at most, in parts; `InvalidInput` ``body-too-large``."""
    size, stream = 0, request.stream()
    async for part in stream:
        size += len(part)
        if size > most:
            await _discard(stream)
            raise _too_large(most)
        yield part


async def discard(request: Request) -> None:
    """Read a body that is refused, up to a limit: a client that still sends does not read why it is refused."""
    if "expect" not in request.headers:  # who waits for leave to send has sent nothing
        await _discard(request.stream())


async def _discard(stream: AsyncIterator[bytes]) -> None:
    size = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DISCARDED_S):
            async for part in stream:
                size += len(part)
                if size > _DISCARDED_BYTES:
                    return


def _too_large(most: int) -> InvalidInput:
    """Return the error for a body of more than so many bytes."""
    return InvalidInput("body-too-large", f"the body has more than {most:,} bytes")
