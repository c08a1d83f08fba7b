from __future__ import annotations

import pytest

from torrentd.net import ciphers


def test_rc4_as_in_rfc_6229() -> None:
    stream = ciphers.rc4(bytes(range(1, 17)))
    assert stream.update(bytes(16)) == bytes.fromhex("9ac7cc9a609d1ef7b2932899cde41b97")


def test_it_decrypts_in_place() -> None:
    sender, receiver = ciphers.rc4(b"k" * 20), ciphers.rc4(b"k" * 20)
    buffer = bytearray(b"head" + sender.update(b"content") + b"tail")
    view = memoryview(buffer)[4:-4]
    assert receiver.update_into(view, view) == 7
    assert buffer == b"headcontenttail"


def test_it_works_or_is_known_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ciphers.rc4_works()

    def missing(key: bytes) -> None:
        raise ValueError("no legacy provider")

    monkeypatch.setattr(ciphers, "rc4", missing)
    assert not ciphers.rc4_works()
