"""The cases of a city on their way to a copy: logs in files, logs in a database, and the media beside them.

Tested by `tests/city/test_copying.py`.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from stcloud.city.caselogs import case_log_names
from stcloud.errors import FormatError, InvalidInput
from stcloud.iaas.job import Job
from stcloud.iaas.records import Records
from stcloud.iaas.store.carrier import Carrier
from stcloud.iaas.store.folder import Folder

__all__ = ["CaseCopy"]

_FOLDER = "cases"
_LOG = re.compile(rf"{_FOLDER}/[^/]+\.(sqlite.*|toml)")


@dataclass(frozen=True, slots=True)
class CaseCopy:
    """The cases of a city that is copied.

    Parameters
    ----------
    source, target
        Folder of the city, and of the copy.
    url
        ``postgresql://…`` to which logs in files are carried over; None: they are files of the copy, too.
    """

    source: Folder
    target: Folder
    url: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the logs."""
        return case_log_names(self.source)

    @property
    def _in_files(self) -> list[str]:
        return [name for name in self.names if not self.source.store.exists(f"{_FOLDER}/{name}.toml")]

    def require_place(self) -> None:
        """Refuse logs in files that could lie nowhere.

        Raises
        ------
        InvalidInput
            ``database-needed``: they cannot lie in a bucket.
        """
        if self._in_files and self.target.mount is not None and self.url is None:
            raise InvalidInput(
                "database-needed",
                f"the log of cases '{self._in_files[0]}' is a file, and none can lie in a bucket",
                hint='carry logs over to PostgreSQL: cases="postgresql://user@host/database"',
                in_shell="carry logs over to PostgreSQL: --cases postgresql://user@host/database",
            )

    def copy(self, carrier: Carrier, job: Job) -> None:
        """Copy media first, then the logs, which name them.

        Raises
        ------
        Conflict
            ``records-exist``: the database has another log of the same name.
        FormatError
            ``damaged-records``, ``damaged-city``: a file of the city is damaged.
        """
        beside = [entry for entry in carrier.source.entries(_FOLDER) if not _LOG.fullmatch(entry.key)]
        job.tell("media", 0, len(beside))
        carrier.send_all(
            [entry for entry in beside if "/." not in entry.key], lasting=True, check=_check_medium
        )
        for number, name in enumerate(self.names, start=1):
            job.tell("logs of cases", number, len(self.names))
            if name not in self._in_files:
                carrier.put(f"{_FOLDER}/{name}.toml", carrier.source.get(f"{_FOLDER}/{name}.toml"))
            else:
                self._copy_file(name, carrier)

    def _copy_file(self, name: str, carrier: Carrier) -> None:
        with Records.open(self.source, name) as records:
            if self.url is None:
                path = carrier.scratch / f"{name}.sqlite"
                records.back_up(path)
                carrier.send_file(f"{_FOLDER}/{name}.sqlite", path)
            else:
                address = records.carry_over(self.url)
                carrier.put(f"{_FOLDER}/{name}.toml", f"address = {json.dumps(address)}\n".encode())


def _check_medium(path: Path) -> None:
    """Compare a file of a case with its name, which is its digest."""
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != path.name:
            raise FormatError(
                "damaged-city", f"a file of a case is damaged: {path.name}", hint="bring it back from a copy"
            )
