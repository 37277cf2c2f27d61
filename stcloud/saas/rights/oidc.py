"""Principals of an identity provider: signed tokens, and the public keys that they are verified with.

Tested by `tests/saas/rights/test_oidc.py`.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stcloud.errors import FormatError, InvalidInput, StorageError
from stcloud.saas.rights.principal import Principal

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

    from stcloud.saas.rights.policy import OidcClause

__all__ = ["OidcKeys"]

_KINDS = ("RSA", "EC", "OKP")
_MOST_BYTES = 1 << 20
_LEAST_S = 60.0
"""Keys are read anew for an unknown one at most so often: anyone may show tokens with made-up keys."""


class OidcKeys:
    """Verifies signed tokens of one identity provider; several threads may use it.

    Parameters
    ----------
    clause
        Table ``[oidc]`` of a policy. Only the algorithms that it lists are accepted, all of them with public keys:
        a token that is not signed, or is signed with a shared secret, is refused whatever it says.
    """

    def __init__(self, clause: OidcClause) -> None:
        self._clause = clause
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._read_s = float("-inf")

    def principal_of(self, token: str, now_us: int) -> Principal | None:
        """Return who shows a token; None: it is not valid at an instant, UTC microseconds.

        Raises
        ------
        StorageError, FormatError
            ``keys-unreachable``, ``unreadable-keys``: the provider's keys cannot be read.
        """
        from joserfc.errors import InvalidKeyIdError, JoseError  # noqa: PLC0415  (an extra)

        for again in (False, True):
            keys = self._known(again=again)
            try:
                claims = self._claims(token, now_us // 1_000_000, keys)
            except InvalidKeyIdError:
                continue
            except (JoseError, ValueError, TypeError, KeyError, RecursionError):
                return None
            return self._principal(claims)
        return None

    def _claims(self, token: str, now_s: int, keys: KeySet) -> dict[str, Any]:
        from joserfc import jwt  # noqa: PLC0415

        algorithms: list[str] = list(self._clause.algorithms)
        algorithms += ["Ed25519"] if "EdDSA" in algorithms else []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # EdDSA has a newer name, and providers use the old one
            decoded = jwt.decode(token, keys, algorithms=algorithms)
        registry = jwt.JWTClaimsRegistry(
            now=now_s, leeway=self._clause.leeway_s, iss={"essential": True, "value": self._clause.issuer},
            aud={"essential": True, "value": self._clause.audience}, exp={"essential": True},
        )  # fmt: skip
        registry.validate(decoded.claims)
        return dict(decoded.claims)

    def _principal(self, claims: dict[str, Any]) -> Principal | None:
        name, roles = claims.get(self._clause.name_claim), claims.get(self._clause.roles_claim, ())
        if not isinstance(name, str) or not name:
            return None
        listed = roles.split() if isinstance(roles, str) else roles if isinstance(roles, list | tuple) else ()
        return Principal(name, frozenset(role for role in listed if isinstance(role, str)), "oidc")

    def _known(self, *, again: bool) -> KeySet:
        """Return the keys; ``again``: read anew, unless that was just done."""
        with self._lock:
            now_s = time.monotonic()
            if self._keys is None or (again and now_s - self._read_s >= _LEAST_S):
                self._keys, self._read_s = _key_set(self._text()), now_s
            return self._keys

    def _text(self) -> bytes:
        place = self._clause.jwks
        if "://" not in place:
            try:
                return Path(place).read_bytes()
            except OSError as error:
                raise StorageError(
                    "keys-unreachable", f"could not read keys of {place}: {error.strerror}"
                ) from error
        if not place.startswith("https://"):
            raise InvalidInput("insecure-keys", f"keys are read by https, not from {place}")
        try:
            with _opener().open(place, timeout=self._clause.timeout_s) as answer:
                text: bytes = answer.read(_MOST_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = type(error).__name__
            raise StorageError("keys-unreachable", f"could not read keys of {place}: {reason}") from error
        return text


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect: keys are where the policy says."""


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirects)


def _key_set(text: bytes) -> KeySet:
    """Return the public keys of a document; those for shared secrets are left out."""
    from joserfc.jwk import KeySet  # noqa: PLC0415

    if len(text) > _MOST_BYTES:
        raise FormatError("unreadable-keys", "the keys of the identity provider are more than 1 MB")
    try:
        listed = json.loads(text)["keys"]
        keys = [key for key in listed if key.get("kty") in _KINDS and key.get("use", "sig") == "sig"]
        return KeySet.import_key_set({"keys": keys})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FormatError(
            "unreadable-keys", f"the keys of the identity provider cannot be read: {error}"
        ) from error
