"""Requests to one bucket through obstore: made again within bounds, and never raising the client's own errors.

The client's errors are not even kept as the cause of ours: a traceback prints causes, and they may hold credentials.

Tested by `tests/iaas/store/test_bucket.py` and `tests/reliability/test_bucket.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from stcloud.errors import InvalidInput, StorageError
from stcloud.iaas.store.bucketerror import Failure, failure_of, storage_failure
from stcloud.iaas.store.bucketoptions import BucketOptions
from stcloud.iaas.store.model import check_key
from stcloud.iaas.store.patience import Patience

__all__ = ["BucketClient", "address_parts"]

_Value = TypeVar("_Value")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,220}[A-Za-z0-9]\Z")
_ROUNDS = 3
"""How often a request is made anew whose answer broke off although the client had read on as often as it may."""
_FAULTS = {
    "Account must be specified": ("no account is named", "set AZURE_STORAGE_ACCOUNT_NAME or account_name"),
    "Invalid Access Key": ("the account's key is no key", "check AZURE_STORAGE_ACCOUNT_KEY"),
    "service account file": ("the service account's file cannot be read", "check GOOGLE_SERVICE_ACCOUNT"),
    "Configuration key": ("an option is unknown to the client", ""),
    "as boolean": ("an option that is true or false is neither", "check AWS_SKIP_SIGNATURE and the like"),
}  # fmt: skip


def address_parts(address: str) -> tuple[str, str, str]:
    """Return scheme, bucket and prefix of a bucket's address.

    Raises
    ------
    InvalidInput
        ``bad-name``: no bucket is named, or the address has credentials or a query in it; it is not shown then.
        ``bad-key``: a prefix that no key can begin with.

    Examples
    --------
    >>> address_parts("s3://bucket/cities/xiamen/")
    ('s3', 'bucket', 'cities/xiamen')
    """
    scheme, _, rest = address.partition("://")
    bucket, _, prefix = rest.partition("/")
    if "@" in bucket or "?" in rest or "#" in rest:
        raise InvalidInput(
            "bad-name",
            f"an address {scheme}://... has a user, a query or a fragment in it",
            hint="give credentials by the environment or as options, never in an address",
        )
    if not _BUCKET.match(bucket):
        raise InvalidInput("bad-name", f"{address!r} names no bucket", hint=f"write {scheme}://BUCKET/PREFIX")
    prefix = prefix.rstrip("/")
    return scheme, bucket, check_key(prefix) if prefix else ""


class BucketClient:
    """The client of one bucket.

    Parameters
    ----------
    url
        Address that errors show, without credentials.
    options
        Credentials, endpoint and region.
    patience
        How long answers are waited for.
    """

    def __init__(self, url: str, options: BucketOptions, patience: Patience) -> None:
        import obstore  # noqa: PLC0415  (takes 60 ms, and most cities lie in folders)

        self.call: Any = obstore
        self.url = url
        self.endpoint = options.endpoint
        self.patience = patience
        self.patient = self._opened(options, tries=patience.tries)
        self.single = self._opened(options, tries=1)

    def __repr__(self) -> str:
        return f"BucketClient({self.url!r})"

    def answer(self, request: Callable[[Any, Any], _Value]) -> tuple[_Value | None, Failure | None]:
        """Make a request that may be made again, with obstore and the bucket; return what came of it, or why not.

        The client itself tries again what the server refused. What it does not, such as an answer that broke off, is
        tried again here.
        """
        last: Failure | None = None
        for _ in self.patience.rounds(tries=_ROUNDS):
            value, last = self.attempt(request)
            if last is None or not last.passing or last.exhausted:
                return value, last
        return None, last

    def attempt(
        self, request: Callable[[Any, Any], _Value], *, once: bool = False
    ) -> tuple[_Value | None, Failure | None]:
        """Make a request; with ``once`` not even the client makes it again."""
        from obstore.exceptions import BaseError  # noqa: PLC0415  (as in `__init__`)

        try:
            return request(self.call, self.single if once else self.patient), None
        except (BaseError, OSError, ValueError, EOFError) as error:
            return None, failure_of(error)

    def made(self, doing: str, request: Callable[[Any, Any], _Value]) -> _Value:
        """Make a request that may be made again and return its value.

        Raises
        ------
        StorageError
            What came of it after the last try.
        """
        value, failure = self.answer(request)
        if failure is not None:
            raise self.refused(failure, doing)
        return value  # type: ignore[return-value]  # the other half of the pair

    def refused(self, failure: Failure, doing: str) -> StorageError:
        """Return the error of a failure."""
        return storage_failure(failure, doing, self.url, endpoint=self.endpoint)

    def _opened(self, options: BucketOptions, *, tries: int) -> Any:
        scheme, bucket, prefix = address_parts(self.url)
        fault: BaseException | None = None
        try:
            return _open(scheme, bucket, prefix, options, self.patience, tries)
        except Exception as error:  # noqa: BLE001  (its text may hold credentials)
            fault = error
        raise self._unusable(str(fault))

    def _unusable(self, text: str) -> InvalidInput:
        known = next((words for words in _FAULTS if words in text), None)
        fact, hint = _FAULTS[known] if known else ("its options cannot be used together", "check them")
        return InvalidInput("bad-option", f"{self.url} cannot be opened: {fact}", hint=hint)


def _open(
    scheme: str, bucket: str, prefix: str, options: BucketOptions, patience: Patience, tries: int
) -> Any:
    from obstore.store import AzureStore, GCSStore, S3Store  # noqa: PLC0415  (as above)

    kinds: dict[str, Any] = {"s3": S3Store, "az": AzureStore, "gs": GCSStore}
    config = dict(options.given)
    if scheme == "s3":
        config["conditional_put"] = "etag"  # never left to a default, nor to the environment
        config.setdefault(
            "disable_bulk_delete", "true"
        )  # servers that are not Amazon's answer it in their own ways
    return kinds[scheme](
        bucket,
        prefix=prefix or None,
        config=config,
        client_options=patience.connecting(allow_http=options.allow_http),
        retry_config=patience.retrying(tries=tries),
    )
