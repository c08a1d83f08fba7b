from __future__ import annotations

import random

import pytest

from torrentd.dht.answering.tokens import LIFETIME, Tokens


def make() -> Tokens:
    return Tokens(random.Random(1), 0.0)


def test_good_for_its_address_only():
    tokens = make()
    token = tokens.make("1.2.3.4", 1.0)
    assert tokens.check(token, "1.2.3.4", 1.0)
    assert not tokens.check(token, "1.2.3.5", 1.0)
    assert not tokens.check(token, "2001:db8::1", 1.0)


@pytest.mark.parametrize("nonsense", [b"", b"x", b"x" * 8, bytes(64)])
def test_nonsense(nonsense):
    assert not make().check(nonsense, "1.2.3.4", 1.0)


def test_two_secrets_are_valid():
    tokens = make()
    token = tokens.make("1.2.3.4", LIFETIME - 1)
    assert tokens.check(token, "1.2.3.4", 2 * LIFETIME - 1)
    assert not tokens.check(token, "1.2.3.4", 2 * LIFETIME + 1)


def test_a_long_silence_changes_both():
    tokens = make()
    token = tokens.make("1.2.3.4", 1.0)
    assert not tokens.check(token, "1.2.3.4", 100 * LIFETIME)
    fresh = tokens.make("1.2.3.4", 100 * LIFETIME)
    assert tokens.check(fresh, "1.2.3.4", 100 * LIFETIME + 1)


def test_secrets_are_secret():
    assert make().make("1.2.3.4", 0.0) != Tokens(random.Random(2), 0.0).make("1.2.3.4", 0.0)
