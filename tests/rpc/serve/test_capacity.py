from __future__ import annotations

import pytest

from torrentd.rpc.serve.capacity import MAX_BODIES, MAX_CONNECTIONS, MAX_STRANGERS, Bodies, Connections


class Link:
    aborted = False

    def abort(self) -> None:
        self.aborted = True

    def drain(self) -> None: ...


def test_strangers_give_way_to_newer_ones() -> None:
    connections = Connections()
    links = [Link() for _ in range(MAX_STRANGERS + 2)]
    for link in links:
        connections.add(link, stranger=True)
    assert [link.aborted for link in links[:3]] == [True, True, False]
    assert len(connections) == MAX_STRANGERS


def test_who_is_authorised_stays() -> None:
    connections = Connections()
    friend = Link()
    connections.add(friend, stranger=True)
    connections.authorised(friend)
    for _ in range(MAX_STRANGERS * 2):
        connections.add(Link(), stranger=True)
    assert not friend.aborted


def test_a_stranger_gives_way_when_all_places_are_taken() -> None:
    connections = Connections()
    stranger = Link()
    connections.add(stranger, stranger=True)
    for _ in range(MAX_CONNECTIONS):
        assert not connections.full
        connections.add(Link(), stranger=False)
    assert stranger.aborted
    assert connections.full
    assert len(connections) == MAX_CONNECTIONS


def test_emptied() -> None:
    connections = Connections()
    fired: list[object] = []
    connections.emptied().addCallback(fired.append)
    assert fired == [None]
    link = Link()
    connections.add(link, stranger=False)
    connections.emptied().addCallback(fired.append)
    assert list(connections) == [link] and len(fired) == 1
    connections.remove(link)
    connections.remove(link)
    assert len(fired) == 2


@pytest.mark.parametrize("size", [1, MAX_BODIES])
def test_bodies(size: int) -> None:
    bodies = Bodies()
    assert bodies.take(size)
    assert not bodies.take(MAX_BODIES - size + 1)
    assert bodies.take(MAX_BODIES - size)
    bodies.release(size)
    assert bodies.held == MAX_BODIES - size
