"""A put into a bucket that is refused where a key has bytes, and what it means when its answer does not come.

It is made without the client's own retries: each try is seen. When an answer was lost, or a proxy sent a put twice,
the put that follows is refused although the bytes that are there are ours. So they are read back and compared, which
is why they must be those of one writer alone. What can be learned neither way is an error of its own, for whoever
would clean up after a failure.

Tested by `tests/iaas/store/test_conditionalput.py` and `tests/reliability/test_bucket.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stcloud.errors import StorageError
from stcloud.iaas.store.bucketclient import BucketClient
from stcloud.iaas.store.bucketerror import NO_BUCKET, Failure
from stcloud.iaas.store.traffic import TrafficCounter

__all__ = ["ConditionalPut"]

_TAKEN = Failure("exists", "another writer is at it")


@dataclass(frozen=True, slots=True)
class ConditionalPut:
    """One put-if-absent.

    Parameters
    ----------
    client
        Of the bucket.
    counter
        What counts its requests.
    key
        Where the bytes go.
    data
        The bytes: no other writer may put the same under this key.
    read
        Returns what a key has; None: nothing.
    """

    client: BucketClient
    counter: TrafficCounter
    key: str
    data: bytes
    read: Callable[[str], bytes | None]

    def made(self) -> bool:
        """Make the put; return whether the bytes of the key are ours.

        Raises
        ------
        StorageError
            ``outcome-unknown``: ours may be there, or may still come. Others: nothing was written.
        """
        in_doubt = False
        last = _TAKEN
        for _ in self.client.patience.rounds():
            failure = self._try()
            if failure is None:
                return True
            last = failure
            if failure.kind == "exists":
                held = self._read_back(failure)
                if held is not None:
                    return held == self.data
                continue  # a put of this key was under way and came to nothing, or the key was just deleted
            in_doubt = in_doubt or (failure.passing and failure.sent)
            if not failure.passing:
                break
        return self._settled(last, in_doubt=in_doubt)

    def _try(self) -> Failure | None:
        """Make the put once, with the condition set; return why it was not done."""
        self.counter.add(bytes_written=len(self.data))
        failure = self.client.attempt(
            lambda call, bucket: call.put(bucket, self.key, self.data, mode="create", use_multipart=False),
            once=True,
        )[1]
        return NO_BUCKET if failure is not None and failure.kind == "missing" else failure

    def _settled(self, last: Failure, *, in_doubt: bool) -> bool:
        """Return whether the key has our bytes after the last try failed, or raise what came of it."""
        if not in_doubt and last.kind != "exists":
            raise self.client.refused(last, f"write {self.key}")
        held = self._read_back(last)
        if held is None:
            raise self._unknown(last)
        return held == self.data

    def _read_back(self, failure: Failure) -> bytes | None:
        """Return what the key has after a put whose answer may not be that of the first."""
        try:
            return self.read(self.key)
        except StorageError as error:
            unknown = self._unknown(failure)
            unknown.append(f"it cannot be read back ({error.kind})")
        raise unknown

    def _unknown(self, failure: Failure) -> StorageError:
        fact = failure.fact or _TAKEN.fact
        return StorageError(
            "outcome-unknown",
            f"it is not known whether {self.key} was written in {self.client.url}: {fact}",
            hint="look whether it is there before writing again",
        )
