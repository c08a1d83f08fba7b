from __future__ import annotations

import pytest

from tests.session.network import Names
from torrentd.model.address import Address
from torrentd.session.dht.names import MOST, resolve, split


def test_what_resolves_is_found() -> None:
    found: list[tuple[Address, ...]] = []
    names = Names({"a.example": ["1.2.3.4", "2001:db8::1"]})
    resolve(names, [("a.example", 5), ("b.example", 6), ("9.8.7.6", 7)], found.append)
    assert found == [(Address("1.2.3.4", 5), Address("2001:db8::1", 5)), (Address("9.8.7.6", 7),)]


def test_so_many_names() -> None:
    found: list[tuple[Address, ...]] = []
    resolve(Names({}), [("1.2.3.4", port) for port in range(1, 100)], found.append)
    assert len(found) == MOST


@pytest.mark.parametrize(
    ("text", "pair"), [("a.example:5", ("a.example", 5)), ("1.2.3.4:5", ("1.2.3.4", 5)), ("[::1]:5", ("::1", 5))]
)
def test_split(text: str, pair: tuple[str, int]) -> None:
    assert split(text) == pair
