"""A package as a file: a zip file of a manifest, at most one signature, and members that are numbered.

It is data and nothing else: members are stored, none is compressed by the zip file, their names are fixed, their
sizes add up to no more than the file has, and what is read of them goes where the reader says. The manifest and small
members are compressed by gzip, and have bounds. Whoever reads compares each member with its digest before using it.

Tested by `tests/daas/exchange/test_hostile.py`.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import re
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from stcloud.errors import NotFound, StcloudError
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.store.zipdamage import zip_damages

__all__ = ["MANIFEST", "SUFFIX", "PackageFile", "RowMember", "packed", "write_package"]

SUFFIX = ".stpack"
MANIFEST, SIGNATURE = "manifest.json.gz", "signature.json"
_MEMBER = re.compile(r"[0-9]{1,4}\.parquet(\.gz)?")
_MOST_MANIFEST_BYTES = 256 << 20
_MOST_SIGNATURE_BYTES = 4096
_MOST_PACKED_BYTES = 64 << 20
"""What a small member unpacks to, at the most."""
_BLOCK_BYTES = 1 << 20
_DATE = (1980, 1, 1, 0, 0, 0)

Refusal = Callable[[str], StcloudError]
"""Makes the error for what is wrong with a file."""


@dataclass(frozen=True, slots=True)
class RowMember:
    """A file that becomes a member: where it lies, its size in bytes and its SHA-256."""

    path: Path
    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> RowMember:
        """Return a file with its size and digest."""
        with path.open("rb") as file:
            return cls(path, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def write_package(
    target: Path, manifest: bytes, members: Sequence[RowMember], signed: Callable[[bytes], bytes] | None
) -> int:
    """Write a package, whole or not at all; return its size in bytes.

    Parameters
    ----------
    target
        Where.
    manifest, members
        Its manifest, and files that become ``0.parquet`` and so on, or ``0.parquet.gz``.
    signed
        Returns the signature of the digest of the manifest as it is stored; None: the package is not signed.
    """
    packed = gzip.compress(manifest, 9, mtime=0)
    made = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}")
    with storage_errors(f"write {target}"):
        try:
            with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr(zipfile.ZipInfo(MANIFEST, _DATE), packed)
                if signed is not None:
                    archive.writestr(
                        zipfile.ZipInfo(SIGNATURE, _DATE), signed(hashlib.sha256(packed).digest())
                    )
                for number, member in enumerate(members):
                    with member.path.open("rb") as source, archive.open(_info(number, member), "w") as sink:
                        while block := source.read(_BLOCK_BYTES):
                            sink.write(block)
            made.replace(target)
        finally:
            made.unlink(missing_ok=True)
        return target.stat().st_size


class PackageFile:
    """A package that is read; closed by its owner.

    Parameters
    ----------
    path
        The file.
    refused
        Makes the error for a file that is none, or damaged.
    """

    def __init__(self, path: Path, refused: Refusal) -> None:
        self.path, self._refused = path, refused
        if not path.is_file():
            raise NotFound("no-package", f"there is no package {path}")
        with self._reading():
            self._archive = zipfile.ZipFile(path)
        try:
            with self._reading():
                self._infos = self._checked()
                self._manifest = self._bounded(MANIFEST, _MOST_MANIFEST_BYTES)
        except BaseException:
            self.close()
            raise

    @property
    def digest(self) -> bytes:
        """SHA-256 of the manifest as it is stored, which has those of all members."""
        return hashlib.sha256(self._manifest).digest()

    @property
    def manifest(self) -> bytes:
        """The manifest."""
        with self._reading():
            return self._gunzip(self._manifest, _MOST_MANIFEST_BYTES, "its manifest")

    @property
    def signature(self) -> bytes | None:
        """The signature; None: it is not signed."""
        with self._reading():
            return self._bounded(SIGNATURE, _MOST_SIGNATURE_BYTES) if SIGNATURE in self._infos else None

    @property
    def members(self) -> int:
        """How many numbered members there are."""
        return sum(map(bool, map(_MEMBER.fullmatch, self._infos)))

    def extract(self, number: int, size: int, sha256: str, folder: Path) -> Path:
        """Write a member into a folder and return the file; refuse one of another size or digest."""
        plain = f"{number}.parquet"
        name = plain if plain in self._infos else f"{plain}.gz"
        info = self._infos.get(name)
        if info is None or info.file_size != size:
            raise self._refused(f"member {plain} is missing, or of another size than the manifest says")
        target, digest = folder / name, hashlib.sha256()
        with self._reading(), self._archive.open(info) as source, target.open("wb") as sink:
            while block := source.read(_BLOCK_BYTES):
                digest.update(block)
                sink.write(block)
        if digest.hexdigest() != sha256:
            raise self._refused(f"member {name} has another digest than the manifest says")
        return target if name == plain else self._unpacked(target, folder / plain)

    def _unpacked(self, path: Path, target: Path) -> Path:
        with self._reading():
            target.write_bytes(self._gunzip(path.read_bytes(), _MOST_PACKED_BYTES, path.name))
        return target

    def _gunzip(self, content: bytes, most_bytes: int, name: str) -> bytes:
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        unpacked = unpacking.decompress(content, most_bytes)
        if not unpacking.eof or unpacking.unused_data:
            raise self._refused(f"{name} is cut off, or too large")
        return unpacked

    def close(self) -> None:
        """Close the file."""
        self._archive.close()

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        infos = self._archive.infolist()
        names = {info.filename: info for info in infos}
        if MANIFEST not in names:
            raise self._refused("it has no manifest")
        odd = next(
            (name for name in names if name not in (MANIFEST, SIGNATURE) and not _MEMBER.fullmatch(name)),
            None,
        )
        if odd is not None:
            raise self._refused(f"it has a member of another name, {odd[:80]!r}")
        if len(names) < len(infos):
            raise self._refused("it has two members of one name")
        for info in infos:
            if (
                info.compress_type != zipfile.ZIP_STORED
                or info.file_size != info.compress_size
                or info.flag_bits & 1
            ):
                raise self._refused(f"member {info.filename} is not stored as it is")
        if sum(info.file_size for info in infos) > self.path.stat().st_size:
            raise self._refused("its members have more bytes than the file")
        return names

    def _bounded(self, name: str, most_bytes: int) -> bytes:
        info = self._infos[name]
        if info.file_size > most_bytes:
            raise self._refused(f"{name} is too large")
        with self._archive.open(info) as source:
            return _all(source, info.file_size)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        with storage_errors(f"read {self.path}"), zip_damages(self._refused):
            yield


def _all(source: IO[bytes], size: int) -> bytes:
    content = source.read(size)
    source.read(1)  # the end of a member is where its checksum is compared
    return content


def packed(path: Path) -> Path:
    """Compress a small file and return the one that stands for it; its name ends with ``.gz``."""
    target = path.with_name(f"{path.name}.gz")
    target.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    path.unlink()
    return target


def _info(number: int, member: RowMember) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(f"{number}.parquet{'.gz' if member.path.suffix == '.gz' else ''}", _DATE)
    info.file_size = member.bytes
    return info
