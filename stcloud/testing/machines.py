"""Machines that share a city in a bucket: each has a working folder of its own, and may die at any request.

Tested by `tests/reliability/test_bucket_city.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from stcloud.city.city import City
from stcloud.daas.configuration import CityConfiguration
from stcloud.iaas.clock import Clock, system_clock
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.model import Store
from stcloud.iaas.store.mount import mount

__all__ = ["Death", "Machine", "MortalStore"]

_Made = TypeVar("_Made")


class Death(BaseException):
    """What ends a machine."""


class MortalStore:
    """A folder as a bucket, whose user dies at one of the requests that change something.

    Parameters
    ----------
    root
        The folder.
    """

    def __init__(self, root: Path) -> None:
        self.bucket = LocalStore(root)
        self.requests: list[str] = []
        self.dies: tuple[int, str] | None = None
        """Number of the request, from 0, and whether death comes ``before`` or ``after`` it is done."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.bucket, name)

    def put(self, key: str, data: bytes) -> None:
        """Write the bytes of a key."""
        self._change(f"put {key}", lambda: self.bucket.put(key, data))

    def put_file(self, key: str, path: Path) -> None:
        """Write a file's bytes."""
        self._change(f"put {key}", lambda: self.bucket.put_file(key, path))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write the bytes of a key unless it has some."""
        return self._change(f"create {key}", lambda: self.bucket.put_if_absent(key, data))

    def delete(self, key: str) -> None:
        """Delete a key."""
        self._change(f"delete {key}", lambda: self.bucket.delete(key))

    def delete_many(self, keys: Iterable[str]) -> None:
        """Delete keys, one by one."""
        for key in list(keys):
            self.delete(key)

    def _change(self, name: str, act: Callable[[], _Made]) -> _Made:
        number = len(self.requests)
        self.requests.append(name)
        if self.dies == (number, "before") or (self.dies is not None and number > self.dies[0]):
            raise Death(name)
        made = act()
        if self.dies == (number, "after"):
            raise Death(name)
        return made


@dataclass
class Machine:
    """A machine with a working folder of its own.

    Parameters
    ----------
    cache
        Where its working folders are.
    bucket
        The folder that is a bucket for it.
    """

    cache: Path
    bucket: Path
    clock: Clock = system_clock
    store: MortalStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = MortalStore(self.bucket)

    @property
    def folder(self) -> Folder:
        """The city's folder, as this machine has it."""
        return Folder(self.cache, mount(self.cache, cast(Store, self.store)))

    def create(self) -> City:
        """Make a city far from UTC."""
        configuration = CityConfiguration.create("city", "EPSG:4548", "Asia/Shanghai", None, None)
        self.folder.occupy(configuration.to_toml(), "city.toml")
        return City(self.folder, configuration, clock=self.clock)

    def open(self) -> City:
        """Open the city."""
        folder = self.folder
        return City(folder, CityConfiguration.from_toml(folder.read_text("city.toml")), clock=self.clock)
