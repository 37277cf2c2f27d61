"""What goes from city to city: packages of layers, and whole copies.

Tested by `tests/daas/exchange` and `tests/city/test_copying.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from stcloud.city import below
from stcloud.city.keywords import LOCK_WAIT_S
from stcloud.city.methods.opened import OpenedCity
from stcloud.iaas.store.folder import Folder

if TYPE_CHECKING:
    from stcloud.city.copying import CopiedCity
    from stcloud.city.exchange import CityExchange, GivenSince
    from stcloud.daas.exchange.packing import Packed
    from stcloud.daas.exchange.receiving import ReceivedParcel
    from stcloud.iaas.job import Job
    from stcloud.paas.query.answer.pin import Pin
    from stcloud.time import Instant

__all__ = ["CityTransfers"]


class CityTransfers(OpenedCity):
    """Packages and copies."""

    def pack(
        self, *layers: str, to: str | os.PathLike[str], since: GivenSince = None, until: Instant | Pin | None = None,
        key: str | os.PathLike[str] | None = None,
    ) -> Packed:  # fmt: skip
        """Write a package of what was recorded of layers in ``(since, until]``, for another city to receive.

        Parameters
        ----------
        layers, to
            Names of layers of events and features; the file, ``NAME.stpack``, which is replaced.
        since, until
            Recorded instants or pins; ``since`` may also be the file of the package before. None: from the beginning,
            and until now.
        key
            A file with a private key of Ed25519 (PEM), which signs it; None: it is not signed.

        Raises
        ------
        NotFound
            ``unknown-layer``, ``no-package``, ``no-key-file``
        InvalidInput
            ``changed-past``: the package before tells another past; ``purged-since``: rows of it were removed;
            ``nothing-to-pack``, ``several-owners``, ``unknown-format``, ``unreadable-key``.
        """
        return self._exchange(0.0).pack(layers, to, since, until, key)

    def receive(
        self, source: str | os.PathLike[str], *, as_layer: str | None = None,
        trust: str | os.PathLike[str] | None = None, anew: bool = False, wait_s: float = LOCK_WAIT_S,
    ) -> list[ReceivedParcel]:  # fmt: skip
        """Receive packages of another city, each once and in order; return what became of each layer.

        Parameters
        ----------
        source
            A package, a folder of packages, or the address (http, https) of one or of an index of them.
        as_layer
            What a layer is called here that is received for the first time; None: as its owner calls it.
        trust
            A file with the public key (PEM) that packages of the layer must be signed with from now on.
        anew
            Let a package from the beginning replace a layer whose past is another one.
        wait_s
            As for `City.load`.

        Raises
        ------
        FormatError
            ``damaged-package``, ``newer-package``
        Conflict
            ``missing-package``: one before it was not received; ``changed-past``; ``locked``.
        InvalidInput
            ``own-layer``, ``other-origin``, ``unfit-package``, ``unsigned-package``, ``wrong-signature``, and what is
            wrong with an address.
        """
        return self._exchange(wait_s).receive(source, as_layer=as_layer, trust=trust, anew=anew)

    def _exchange(self, wait_s: float) -> CityExchange:
        return below.CityExchange(self._parts, self.configuration, self._clock, wait_s)

    def copy_to(
        self, target: str | os.PathLike[str], *, store_options: Mapping[str, str] | None = None,
        cases: str | None = None, job: Job | None = None,
    ) -> CopiedCity:  # fmt: skip
        """Copy the city to a new folder or an address in a bucket; called again after a failure, it goes on there.

        Loads and queries may run at the same time. Every file of rows is compared with its digests as it is read,
        and what arrived with what was sent.

        Parameters
        ----------
        target, store_options
            A folder, ``s3://bucket/city``, ``az://container/city`` or ``gs://bucket/city``, where there is nothing;
            options of the bucket as for `stcloud.open`.
        cases
            ``postgresql://user@host/database``, to which logs of cases are carried over that are files here; a
            bucket needs it. Logs in a database stay there, and both cities have them.
        job
            Reports progress; can cancel.

        Raises
        ------
        Conflict
            ``city-exists``: something else is there; ``records-exist``: the database has another log of that name.
        InvalidInput
            ``database-needed``: logs of cases are files, and none can lie in a bucket.
        FormatError
            ``damaged-table``, ``missing-file``, ``damaged-records``, ``damaged-city``: a file here is damaged.
        StorageError
            ``copy-differs``: the target has something else than what was sent; ``read-only``.
        """
        place = Folder.at(target, store_options)
        try:
            return below.CityCopy(self._parts, self.configuration, place, cases).run(job or below.Job())
        finally:
            place.leave()
