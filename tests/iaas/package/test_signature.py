"""Signatures: a pinned key is required from then on, and nothing that was changed keeps one."""

import gzip
import json
import zipfile

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from stcloud.errors import StcloudError
from stcloud.iaas.package.signature import public_key, signer, verified_key
from stcloud.testing.exchange import Sender, Ticking, receiving_city


def key_files(folder, name="key", key=None):
    key = key or ed25519.Ed25519PrivateKey.generate()
    own, public = folder / f"{name}.pem", folder / f"{name}.pub"
    own.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return own, public


def kind_of(act):
    with pytest.raises(StcloudError) as caught:
        act()
    return caught.value.kind


def test_a_signature_is_of_one_digest(tmp_path):
    own, public = key_files(tmp_path)
    signature = signer(own)(b"a" * 32)
    assert verified_key(signature, b"a" * 32) == public_key(public)
    assert verified_key(signature, b"b" * 32) is None
    for odd in (
        b"",
        b"{}",
        b"[" * 100_000,
        signature.replace(b'"key"', b'"kex"'),
        b'{"key":1,"signature":2}',
    ):
        assert verified_key(odd, b"a" * 32) is None


def test_keys_that_cannot_be_used(tmp_path):
    own, public = key_files(tmp_path, "rsa", rsa.generate_private_key(65537, 2048))
    (tmp_path / "odd.pem").write_text("no key")
    for path in (own, public, tmp_path / "odd.pem"):
        assert kind_of(lambda path=path: signer(path)) == "unreadable-key"
        assert kind_of(lambda path=path: public_key(path)) == "unreadable-key"
    assert kind_of(lambda: signer(tmp_path / "none.pem")) == "no-key-file"


def test_a_pinned_key_is_required(tmp_path):
    own, public = key_files(tmp_path)
    other, other_public = key_files(tmp_path, "other")
    sender = Sender(tmp_path, Ticking())
    city = receiving_city(tmp_path, sender.clock)
    sender.load(1)
    first = sender.pack(key=own)
    assert kind_of(lambda: city.receive(first, trust=other_public)) == "wrong-signature"
    assert city.layers() == ()
    city.receive(first, trust=public)
    sender.load(2)
    for key, kind in ((None, "unsigned-package"), (other, "wrong-signature")):
        assert kind_of(lambda key=key: city.receive(sender.pack(first, key=key))) == kind
    second = sender.pack(first, key=own)
    city.receive(second)
    sender.load(3)
    third = sender.pack(second, key=other)
    assert kind_of(lambda: city.receive(third)) == "wrong-signature"
    city.receive(third, trust=other_public)  # its owner has a new key
    assert city.query("events").count().table.to_pylist() == [{"count": 3}]


def test_what_was_changed_has_no_signature(tmp_path):
    own, _ = key_files(tmp_path)
    sender = Sender(tmp_path, Ticking())
    city = receiving_city(tmp_path, sender.clock)
    sender.load(1)
    package = sender.pack(key=own)
    with zipfile.ZipFile(package) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(gzip.decompress(contents["manifest.json.gz"]))
    document["layers"][0]["description"] = {"title": "forged"}
    contents["manifest.json.gz"] = gzip.compress(json.dumps(document).encode())
    with zipfile.ZipFile(package, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    assert kind_of(lambda: city.receive(package)) == "wrong-signature"


def test_signatures_need_a_library(tmp_path, monkeypatch):
    import sys

    own, _ = key_files(tmp_path)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    assert kind_of(lambda: signer(own)) == "exchange-needed"
