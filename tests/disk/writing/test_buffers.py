from __future__ import annotations

from pathlib import Path

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


def test_less_may_wait_while_much_is_being_received(said: list[bool]) -> None:
    buffers = Buffers(100, said.append)
    for _ in range(3):
        buffers.take(25)  # of 125: 50 may wait
    finished = [buffers.take(25), buffers.take(26)]
    buffers.wait(25)
    assert said == []
    buffers.wait(26)
    assert said == [True]
    buffers.give(finished[0])
    buffers.done(25)
    assert said == [True]
    buffers.give(finished[1])
    buffers.done(26)
    assert said == [True, False]


def test_a_quarter_may_wait_however_much_is_being_received(said: list[bool]) -> None:
    buffers = Buffers(100, said.append)
    _filling, _finished = buffers.take(1000), buffers.take(26)
    buffers.wait(25)
    assert said == []
    buffers.wait(1)
    assert said == [True]


def test_the_pool_leaves_room_for_what_is_in_use(said: list[bool]) -> None:
    buffers = Buffers(100, said.append, pool_limit=50)
    several = [buffers.take(10) for _ in range(13)]
    for buffer in several[:4]:
        buffers.give(buffer)
    assert buffers.pooled == 30  # and 90 in use
    buffers.take(45)
    buffers.give(several[4])
    assert buffers.pooled == 0


def test_memory_is_used_as_it_is_written_to_and_given_back() -> None:
    buffers = Buffers(1 << 30, lambda busy: None, pool_limit=0)
    size = 64 * 1024 * 1024
    before = resident()
    buffer = buffers.take(size)
    buffer[: size // 4] = bytes(size // 4)
    assert resident() - before < size // 2
    buffers.give(buffer)
    del buffer
    assert resident() - before < size // 8


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
