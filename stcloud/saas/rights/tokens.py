"""Tokens: what a program shows so that it is known who asks. Only digests of them are kept.

Tested by `tests/saas/rights/test_tokens.py`.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import secrets
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from stcloud.daas.definition.document import toml_of
from stcloud.errors import Conflict, FormatError, InvalidInput, NotFound, nearest
from stcloud.iaas.store.oserror import storage_errors
from stcloud.saas.rights.principal import Principal

__all__ = ["TokenRecord", "Tokens"]

_BYTES = 32
_PREFIX = "stc_"
_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What is kept of a token.

    Attributes
    ----------
    name, roles
        Of the principal that shows it.
    digest
        SHA-256 of the token, hexadecimal; the token is 32 random bytes, so nobody guesses it from that.
    created_us, expires_us, revoked_us
        UTC microseconds; it is valid before it expires or was revoked. None: it does not expire; it was not revoked.
    """

    name: str
    roles: tuple[str, ...]
    digest: str
    created_us: int
    expires_us: int | None = None
    revoked_us: int | None = None

    def valid_at(self, now_us: int) -> bool:
        """Tell whether it is valid at an instant."""
        ends = (end for end in (self.expires_us, self.revoked_us) if end is not None)
        return all(now_us < end for end in ends)


class Tokens:
    """The tokens in a file that its owner alone may read.

    Parameters
    ----------
    path
        The file, there or not.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(
        self, name: str, roles: Iterable[str] = (), *, now_us: int, expires_us: int | None = None
    ) -> str:  # fmt: skip
        """Make a token and return it; it is kept nowhere, so that this is the only time that it is shown.

        Raises
        ------
        InvalidInput
            ``bad-principal``: the name is empty, or one that rules mean otherwise; ``bad-role``: a role has no name;
            ``expired-token``.
        Conflict
            ``token-exists``: a valid one has this name.
        """
        if not name or name in ("anonymous", "signed-in") or ":" in name or not name.isprintable():
            raise InvalidInput(
                "bad-principal", f"{name!r} cannot be the name of who shows a token",
                hint="use a name without colons that is not anonymous or signed-in",
            )  # fmt: skip
        roles = tuple(roles)
        if not all(role and role.isprintable() for role in roles):
            raise InvalidInput(
                "bad-role", f"a role of '{name}' has no name", hint="name the role, or leave it out"
            )
        if expires_us is not None and expires_us <= now_us:
            raise InvalidInput("expired-token", f"the token of '{name}' would have expired already")
        token = _PREFIX + secrets.token_urlsafe(_BYTES)
        with self._changing() as records:
            known = records.get(name)
            if known is not None and known.valid_at(now_us):
                raise Conflict(
                    "token-exists", f"'{name}' has a token", hint="revoke it first, or use another name"
                )
            records[name] = TokenRecord(name, tuple(sorted(set(roles))), _digest(token), now_us, expires_us)
        return token

    def revoke(self, name: str, *, now_us: int) -> bool:
        """Revoke a token; return False if it was not valid any more. `NotFound` ``unknown-token``."""
        with self._changing() as records:
            if name not in records:
                raise NotFound("unknown-token", f"'{name}' has no token", nearest=nearest(name, records))
            valid = records[name].valid_at(now_us)
            if valid:
                records[name] = replace(records[name], revoked_us=now_us)
            return valid

    def list(self) -> tuple[TokenRecord, ...]:
        """Return what is kept of all tokens, by name."""
        return tuple(record for _, record in sorted(self._read().items()))

    def principal_of(self, token: str, now_us: int) -> Principal | None:
        """Return who shows a token; None: it is unknown, or not valid. Takes as long whichever it is."""
        digest, shown = _digest(token), None
        for record in self._read().values():
            if hmac.compare_digest(record.digest, digest) and record.valid_at(now_us):
                shown = Principal(record.name, frozenset(record.roles))
        return shown

    def _read(self) -> dict[str, TokenRecord]:
        with storage_errors(f"read {self._path}"):
            try:
                text = self._path.read_text(encoding="utf-8")
            except FileNotFoundError:
                return {}
        try:
            return {name: _record(name, kept) for name, kept in tomllib.loads(text).items()}
        except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError("damaged-tokens", f"{self._path} is not a file of tokens: {error}") from error

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, TokenRecord]]:
        """Give the records, and write them as they are then; one process at a time."""
        with storage_errors(f"write {self._path}"), _locked(self._path):
            records = self._read()
            yield records
            text = toml_of({name: _document(record) for name, record in sorted(records.items())})
            descriptor, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            with os.fdopen(
                descriptor, "w", encoding="utf-8"
            ) as target:  # mkstemp gives it to its owner alone
                target.write(text)
                target.flush()
                os.fsync(target.fileno())
            Path(temporary).replace(self._path)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _record(name: str, kept: Mapping[str, Any]) -> TokenRecord:
    times = {
        key: None if kept.get(key) is None else _us(kept[key]) for key in ("created", "expires", "revoked")
    }
    created_us = times["created"]
    if created_us is None:
        raise KeyError("created")
    return TokenRecord(
        name, tuple(kept["roles"]), str(kept["sha256"]), created_us, times["expires"], times["revoked"]
    )


def _document(record: TokenRecord) -> dict[str, Any]:
    times = {"created": record.created_us, "expires": record.expires_us, "revoked": record.revoked_us}
    shown = {name: _text(at_us) for name, at_us in times.items() if at_us is not None}
    return {"roles": list(record.roles), "sha256": record.digest, **shown}


def _text(at_us: int) -> str:
    return (_START + timedelta(microseconds=at_us)).isoformat()


def _us(text: str) -> int:
    return (datetime.fromisoformat(text) - _START) // timedelta(microseconds=1)
