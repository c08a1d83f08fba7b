from __future__ import annotations

import pytest

from torrentd.disk.writing.buffers import Buffers


@pytest.fixture
def said() -> list[bool]:
    return []


def test_a_buffer_is_used_again(said: list[bool]) -> None:
    buffers = Buffers(100, said.append)
    first = buffers.take(10)
    buffers.give(first)
    assert buffers.pooled == 10
    assert buffers.take(10) is first
    assert buffers.pooled == 0
    assert len(buffers.take(20)) == 20


def test_the_pool_is_bounded_and_drops_the_size_unused_for_longest(said: list[bool]) -> None:
    buffers = Buffers(100, said.append, pool_limit=50)
    old, new = [buffers.take(10) for _ in range(3)], [buffers.take(20) for _ in range(2)]
    for buffer in (*old, *new):
        buffers.give(buffer)
    assert buffers.pooled == 50
    assert any(buffers.take(10) is buffer for buffer in old)
    assert buffers.take(20) is new[1]
    assert buffers.take(20) is new[0]


def test_a_buffer_larger_than_the_pool_is_not_kept(said: list[bool]) -> None:
    buffers = Buffers(100, said.append, pool_limit=50)
    buffers.give(buffers.take(60))
    assert buffers.pooled == 0


def test_busy_above_the_limit_until_half_of_it(said: list[bool]) -> None:
    buffers = Buffers(100, said.append)
    buffers.wait(100)
    assert said == []
    buffers.wait(1)
    buffers.wait(50)
    assert said == [True]
    buffers.done(100)
    assert said == [True]
    buffers.done(1)
    assert said == [True, False]
    buffers.done(50)
    assert (said, buffers.waiting) == ([True, False], 0)
