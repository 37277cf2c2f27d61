"""Signatures of packages: Ed25519 over the digest of a manifest.

Keys are PEM files, as ``openssl genpkey -algorithm ed25519`` and ``openssl pkey -pubout`` make them. A password of a
key file is not asked for.

Tested by `tests/iaas/package/test_signature.py`.
"""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stcloud.errors import InvalidInput, MissingExtra, NotFound
from stcloud.iaas.store.oserror import storage_errors

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["public_key", "signer", "verified_key"]

_CONTEXT = b"stcloud package 1\0"
_MOST_BYTES = 1 << 16


def signer(path: Path) -> Callable[[bytes], bytes]:
    """Return what signs a digest with the private key of a file.

    Raises
    ------
    InvalidInput
        ``unreadable-key``
    NotFound
        ``no-key-file``
    MissingExtra
        ``exchange-needed``
    """
    serialization, ed25519 = _library()
    key = _loaded(path, lambda content: serialization.load_pem_private_key(content, None))
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise _unreadable(path, "it is no private key of Ed25519")
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()

    def sign(digest: bytes) -> bytes:
        signature = base64.b64encode(key.sign(_CONTEXT + digest)).decode()
        return json.dumps({"key": public, "signature": signature}).encode()

    return sign


def public_key(path: Path) -> str:
    """Return the public key of a PEM file, base64; raises what `signer` does."""
    serialization, ed25519 = _library()
    key = _loaded(path, serialization.load_pem_public_key)
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise _unreadable(path, "it is no public key of Ed25519")
    return base64.b64encode(key.public_bytes_raw()).decode()


def verified_key(signature: bytes, digest: bytes) -> str | None:
    """Return the key, base64, that a signature of a digest was made with; None: it is none of it."""
    _, ed25519 = _library()
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    try:
        document = json.loads(signature)
        key, signed = (base64.b64decode(document[name], validate=True) for name in ("key", "signature"))
        ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signed, _CONTEXT + digest)
    except (InvalidSignature, ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        return None
    return base64.b64encode(key).decode()


def _library() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(
            "exchange-needed",
            f"signatures need {error.name}, which is not installed",
            hint="pip install 'stcloud[exchange]'",
        ) from error
    return serialization, ed25519


def _loaded(path: Path, load: Callable[[bytes], Any]) -> Any:
    if not path.is_file():
        raise NotFound("no-key-file", f"there is no file {path}")
    with storage_errors(f"read {path}"), path.open("rb") as file:
        content = file.read(_MOST_BYTES)
    try:
        return load(content)
    except Exception as error:
        raise _unreadable(path, "it is no PEM file without a password") from error


def _unreadable(path: Path, fault: str) -> InvalidInput:
    return InvalidInput(
        "unreadable-key", f"{path} holds no key that can be used: {fault}",
        hint="make one: openssl genpkey -algorithm ed25519 -out key.pem",
    )  # fmt: skip
