"""A store in a bucket: S3, Azure Blob Storage or Google Cloud Storage.

Every failure is tried again within bounds (`patience.py`) and then is one error in one line (`bucketerror.py`).
Credentials are handed to the client and kept nowhere else.

Tested by `tests/conformance/test_stores.py`, `tests/iaas/store/test_bucket.py` and
`tests/reliability/test_bucket.py`.
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from stcloud.iaas.store.bucketclient import BucketClient, address_parts
from stcloud.iaas.store.bucketerror import MISSING, TRUNCATED, Failure
from stcloud.iaas.store.bucketoptions import bucket_options
from stcloud.iaas.store.conditionalput import ConditionalPut
from stcloud.iaas.store.model import Children, Entry, check_key, check_range, no_object
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.store.patience import PATIENCE, Patience
from stcloud.iaas.store.ranges import coalesced, cut, within
from stcloud.iaas.store.traffic import Traffic, TrafficCounter

__all__ = ["BucketStore"]

_Item = TypeVar("_Item")
_Value = TypeVar("_Value")
_LISTED = 1000
"""Keys that one request lists at most."""
_PARALLEL = 16
"""Requests at once: more gain little on one machine, and each holds its answer in memory."""
_SINGLE_PUT_BYTES = 64 * 1024 * 1024
"""Files up to this size are one put, so that a writer that dies leaves nothing behind; larger ones go in parts."""
_PART_BYTES = 16 * 1024 * 1024
_PARTS_AT_ONCE = 4


class BucketStore:
    """Bytes in a bucket, below a prefix.

    Parameters
    ----------
    address
        ``s3://bucket/prefix``, ``az://container/prefix`` or ``gs://bucket/prefix``; the prefix may be empty.
    options
        Credentials, endpoint and region (`bucket_options`), beside those of the environment.
    patience
        How long answers are waited for.

    Raises
    ------
    InvalidInput
        ``bad-name``: no bucket is named. ``unknown-option``, ``bad-option``, ``insecure-endpoint``: see
        `bucket_options`.
    """

    def __init__(
        self, address: str, options: Mapping[str, str] | None = None, *, patience: Patience = PATIENCE
    ) -> None:
        self._scheme, bucket, prefix = address_parts(address)
        self._url = f"{self._scheme}://{bucket}" + (f"/{prefix}" if prefix else "")
        checked = bucket_options(self._scheme, options)
        self._client = BucketClient(self._url, checked, patience)
        self._account = checked.given.get("account_name") or os.environ.get("AZURE_STORAGE_ACCOUNT_NAME", "")
        self._counter = TrafficCounter()

    def __repr__(self) -> str:
        return f"BucketStore({self._url!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a store in a bucket is opened anew in each process: it holds credentials")

    @property
    def url(self) -> str:
        """Address, without credentials."""
        return self._url

    @property
    def identity(self) -> str:
        """Address with the endpoint and the account: what no two buckets have in common."""
        return f"{self._url} {self._client.endpoint} {self._account}"

    @property
    def traffic(self) -> Traffic:
        """Requests and bytes since the store was opened."""
        return self._counter.counted

    def get(self, key: str) -> bytes:
        """Return the bytes of a key."""
        data = self._get(check_key(key))
        if data is None:
            raise no_object(self._url, key)
        return data

    def get_many(self, keys: Sequence[str]) -> builtins.list[bytes | None]:
        """Return the bytes of several keys, in parallel; None for one that has none."""
        return _in_parallel(self._get, [check_key(key) for key in keys])

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return some bytes of a key."""
        return self.get_ranges(key, [(start, length)])[0]

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> builtins.list[bytes]:
        """Return the bytes of several ranges of a key; neighbours in one request, requests in parallel."""
        check_key(key)
        for start, length in ranges:
            check_range(start, length)
        requests = coalesced(ranges)
        bodies = self._fetch(key, requests) if requests else []
        if bodies is None or not _are_whole(
            bodies, requests
        ):  # they end with the bytes, or the answers broke off
            bodies = self._fetch_whole(key, within(requests, self.size(key)))
        elif not requests:
            self.size(key)  # a key that is not there is one also for no bytes of it
        return cut(ranges, requests, bodies)

    def exists(self, key: str) -> bool:
        """Return whether a key has bytes."""
        return self._size(check_key(key)) is not None

    def size(self, key: str) -> int:
        """Return the number of bytes of a key."""
        count = self._size(check_key(key))
        if count is None:
            raise no_object(self._url, key)
        return count

    def put(self, key: str, data: bytes) -> None:
        """Write the bytes of a key, whole or not at all."""
        check_key(key)
        self._counter.add(bytes_written=len(data))
        self._made(
            f"write {key}",
            lambda call, bucket: call.put(bucket, key, data, mode="overwrite", use_multipart=False),
        )

    def put_file(self, key: str, path: Path) -> None:
        """Write a file's bytes as those of a key; in parts when it is large, and then there at once or not at all."""
        check_key(key)
        with storage_errors(f"read {path}"):
            size = path.stat().st_size
            data = path.read_bytes() if size <= _SINGLE_PUT_BYTES else None
        if data is not None:
            self.put(key, data)
            return
        self._counter.add(requests=2 + -(-size // _PART_BYTES), bytes_written=size)
        self._made(
            f"write {key}",
            lambda call, bucket: call.put(
                bucket, key, path, mode="overwrite", chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
            ),
        )
        if self._size(key) != size:
            raise self._client.refused(TRUNCATED, f"write {key}")

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write the bytes of a key unless it has some; the bytes must be those of this writer alone."""
        put = ConditionalPut(self._client, self._counter, check_key(key), data, self._get)
        return put.made()

    def list(self, prefix: str = "") -> builtins.list[str]:
        """Return all keys below a prefix, sorted."""
        return [entry.key for entry in self.entries(prefix)]

    def entries(self, prefix: str = "", after: str = "") -> builtins.list[Entry]:
        """Return what is known of all keys below a prefix, sorted by key."""
        below = check_key(prefix) if prefix else None
        offset = check_key(after) if after else None
        listed = self._made(
            f"list {prefix or 'the keys'}",
            lambda call, bucket: call.list(bucket, below, offset=offset, chunk_size=_LISTED).collect(),
        )
        self._count_list(len(listed))
        entries = (_entry(item) for item in listed)
        kept = (entry for entry in entries if entry.key > after and entry.key not in ("", prefix))
        return sorted(kept, key=lambda entry: entry.key)

    def children(self, prefix: str = "") -> Children:
        """Return what lies right below a prefix."""
        below = check_key(prefix) if prefix else None
        listed = self._made(
            f"list {prefix or 'the keys'}", lambda call, bucket: call.list_with_delimiter(bucket, below)
        )
        folders, keys = listed["common_prefixes"], [item["path"] for item in listed["objects"]]
        self._count_list(len(folders) + len(keys))
        return Children(tuple(sorted(folders)), tuple(sorted(key for key in keys if key not in ("", prefix))))

    def delete(self, key: str) -> None:
        """Delete a key."""
        check_key(key)
        self._counter.add()
        _, failure = self._client.answer(lambda call, bucket: call.delete(bucket, key))
        if failure is not None and failure.kind != "missing":
            raise self._client.refused(failure, f"delete {key}")

    def delete_many(self, keys: Iterable[str]) -> None:
        """Delete several keys, several at a time."""
        _in_parallel(self.delete, [check_key(key) for key in keys])

    def _made(self, doing: str, request: Callable[[Any, Any], _Value]) -> _Value:
        return self._client.made(doing, request)

    def _count_list(self, count: int) -> None:
        pages = max(1, -(-count // _LISTED))
        self._counter.add(requests=pages, lists=pages)

    def _get(self, key: str) -> bytes | None:
        """Return all bytes of a key. They are read as a range, since the answer then says how many there are."""
        self._counter.add()
        data, failure = self._client.answer(
            lambda call, bucket: _whole(call.get(bucket, key, options={"range": {"offset": 0}}))
        )
        if failure is not None and failure.kind == "beyond":  # nothing is a range of no bytes
            data, failure = self._get_unranged(key)
        if failure is not None:
            if failure.kind == "missing":
                return None
            raise self._client.refused(failure, f"read {key}")
        self._counter.add(requests=0, bytes_read=len(data or b""))
        return data

    def _get_unranged(self, key: str) -> tuple[bytes | None, Failure | None]:
        size = self._size(key)
        if not size:
            return (None, MISSING) if size is None else (b"", None)
        self._counter.add()
        return self._client.answer(lambda call, bucket: _whole(call.get(bucket, key), size))

    def _size(self, key: str) -> int | None:
        self._counter.add()
        size, failure = self._client.answer(lambda call, bucket: int(call.head(bucket, key)["size"]))
        if failure is not None and failure.kind != "missing":
            raise self._client.refused(failure, f"look for {key}")
        return size

    def _fetch(self, key: str, requests: Sequence[tuple[int, int]]) -> builtins.list[bytes] | None:
        """Return what came for each request; None when one of them is beyond the bytes."""
        self._counter.add(requests=len(requests))
        starts, lengths = zip(*requests, strict=True)
        bodies, failure = self._client.answer(
            lambda call, bucket: call.get_ranges(bucket, key, starts=starts, lengths=lengths, coalesce=0)
        )
        if failure is not None:
            if failure.kind == "missing":
                raise no_object(self._url, key)
            if failure.kind == "beyond":
                return None
            raise self._client.refused(failure, f"read {key}")
        whole = [bytes(body) for body in bodies or ()]
        self._counter.add(requests=0, bytes_read=sum(len(body) for body in whole))
        return whole

    def _fetch_whole(self, key: str, requests: Sequence[tuple[int, int]]) -> builtins.list[bytes]:
        """Return all bytes of each request, which the key has; an answer that breaks off is asked for again."""
        for _ in self._client.patience.rounds() if requests else ():
            bodies = self._fetch(key, requests)
            if bodies is not None and _are_whole(bodies, requests):
                return bodies
        if requests:
            raise self._client.refused(TRUNCATED, f"read {key}")
        return []


def _entry(item: Mapping[str, Any]) -> Entry:
    modified_ms = int(item["last_modified"].timestamp() * 1000)
    return Entry(item["path"], int(item["size"]), modified_ms, item["e_tag"] or "")


def _whole(answer: Any, size: int | None = None) -> bytes:
    """Return the bytes of an answer that has as many as it says the key has, or as the key is known to have."""
    expected = int(answer.meta["size"]) if size is None else size
    data = bytes(answer.bytes())
    if len(data) != expected:
        raise EOFError
    return data


def _are_whole(bodies: Sequence[bytes], requests: Sequence[tuple[int, int]]) -> bool:
    return all(len(body) == length for body, (_, length) in zip(bodies, requests, strict=True))


def _in_parallel(call: Callable[[_Item], _Value], items: Sequence[_Item]) -> list[_Value]:
    """Call a function for each item, several at a time, and return what it returns in their order."""
    if len(items) < 2:
        return [call(item) for item in items]
    with ThreadPoolExecutor(min(_PARALLEL, len(items))) as threads:
        return list(threads.map(call, items))
