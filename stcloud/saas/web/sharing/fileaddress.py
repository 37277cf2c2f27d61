"""Addresses of files that hold no token of a principal: they are signed, and hold for a short time.

An address names a file of a table at a version, and the principal that it was given to. All of it is signed by
HMAC-SHA256 (a JSON Web Token), with a key that is made when the service starts and kept nowhere.

Tested by `tests/saas/web/sharing/test_fileaddress.py`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stcloud.errors import InvalidInput
from stcloud.saas.rights.principal import Principal

if TYPE_CHECKING:
    from joserfc.jwk import OctKey

__all__ = ["FileAddresses", "FileGrant"]

_ALGORITHM = "HS256"
_BYTES = 32
_SECOND_US = 1_000_000
_LONGEST = 8_000


@dataclass(frozen=True, slots=True)
class FileGrant:
    """That a principal may read a file.

    Parameters
    ----------
    principal
        To whom it was given.
    city, table
        Names of the city in the service, and of the layer.
    at_us
        Recorded instant of the table's version, UTC microseconds.
    file
        Id of the file.
    """

    principal: Principal
    city: str
    table: str
    at_us: int
    file: str


class FileAddresses:
    """Signs grants, and reads them again.

    Parameters
    ----------
    seconds
        How long they hold.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    @cached_property
    def _key(self) -> OctKey:
        from joserfc.jwk import OctKey  # noqa: PLC0415  (an extra)

        return OctKey.import_key(secrets.token_bytes(_BYTES))

    def expires_s(self, now_us: int) -> int:
        """Return when what is signed now expires, seconds since 1970."""
        return int(now_us // _SECOND_US + self._seconds)

    def signed(self, grant: FileGrant, now_us: int) -> str:
        """Return a grant as the text that an address has."""
        from joserfc import jwt  # noqa: PLC0415

        principal = grant.principal
        claims: dict[str, Any] = {
            "sub": principal.name, "roles": sorted(principal.roles), "kind": principal.kind, "city": grant.city,
            "table": grant.table, "at": grant.at_us, "file": grant.file, "exp": self.expires_s(now_us),
        }  # fmt: skip
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key)

    def read(self, text: str, now_us: int) -> FileGrant:
        """Return what an address grants.

        Raises
        ------
        InvalidInput
            ``not-signed-in``: it was not signed by this service, was changed, or has expired.
        """
        from joserfc import jwt  # noqa: PLC0415
        from joserfc.errors import JoseError  # noqa: PLC0415

        if len(text) > _LONGEST:
            raise _refused()
        try:
            claims = jwt.decode(text, self._key, algorithms=[_ALGORITHM]).claims
            now_s = now_us // _SECOND_US
            jwt.JWTClaimsRegistry(now=now_s, leeway=0, exp={"essential": True}).validate(claims)
        except (JoseError, ValueError, TypeError) as error:
            raise _refused() from error
        principal = Principal(claims["sub"], frozenset(claims["roles"]), claims["kind"])
        return FileGrant(principal, claims["city"], claims["table"], claims["at"], claims["file"])


def _refused() -> InvalidInput:
    return InvalidInput(
        "not-signed-in",
        "the address of the file is not valid, or has expired",
        hint="ask for the table again",
    )
