"""Messages of what lies in the serve buffer."""

from __future__ import annotations

import pytest

from torrentd.model.geometry import BLOCK
from torrentd.net.buffers import ServeBuffer, messages
from torrentd.wire.peer.encode import block_headers
from torrentd.wire.peer.messages import Range


def _filled(blocks: int) -> ServeBuffer:
    buffer = ServeBuffer(blocks * BLOCK)
    for index in range(blocks):
        buffer.memory[index * BLOCK : (index + 1) * BLOCK] = bytes([index + 1]) * BLOCK
    return buffer


@pytest.mark.parametrize(
    ("ranges", "block"),
    [
        ([(3, 0, 2 * BLOCK), (4, BLOCK, BLOCK)], BLOCK),
        ([(3, 0, 2 * BLOCK), (4, BLOCK, BLOCK - 5)], BLOCK),
        ([(3, 7, 100), (4, BLOCK, BLOCK)], BLOCK),
        ([(3, 0, 2 * BLOCK)], 2 * BLOCK),
    ],
)
def test_each_block_stands_behind_its_header(ranges: list[Range], block: int) -> None:
    buffer = _filled(4)
    expected, position = b"", 0
    for piece, begin, length in ranges:
        for at in range(0, length, block):
            size = min(block, length - at)
            expected += block_headers([(piece, begin + at, size)], block) + buffer.memory[position : position + size]
            position += size
    assert b"".join(buffer.messages(ranges, block, position)) == expected
    assert b"".join(messages(ranges, block, buffer.memory[:position])) == expected


def test_a_read_of_another_length_is_a_bug() -> None:
    with pytest.raises(ValueError, match="5 bytes"):
        messages([(0, 0, BLOCK)], BLOCK, memoryview(b"short"))
