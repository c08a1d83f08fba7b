"""A process that is killed in the middle of its commits loses nothing that it was told is safe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from twisted.internet.defer import execute

from tests.state.samples import HASH, result
from torrentd.model.bitfield import Bitfield
from torrentd.state.database import State

WRITER = """
import sys
from twisted.internet.defer import execute
from tests.state.samples import HASH, record
from torrentd.model.bitfield import Bitfield
from torrentd.state.database import State

PIECES = 20_000  # far from the end whenever the kill comes
state = State(execute, sys.argv[1])
state.open()
have = Bitfield(PIECES)
state.add(record(size=PIECES, piece_size=1, piece_count=PIECES, have=have.to_bytes()), b"m" * 100_000)
for piece in range(PIECES):
    state.mark(HASH, [piece])
    have.add(piece)
    done = state.record(HASH, have.to_bytes(), [piece], [(0, piece, piece, piece)], uploaded=have.count)
    done.addCallback(lambda _: print(have.count, flush=True))
    if piece % 500 == 499:
        state.backup()
print("end", flush=True)
"""


@pytest.mark.parametrize("at", [1, 7, 60, 333, 501, 999])
def test_what_was_committed_survives_a_kill(tmp_path: Path, at: int) -> None:
    path = tmp_path / "torrentd.db"
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == at:
            break
    process.kill()
    told = [at, *(int(line) for line in process.stdout if line.endswith("\n") and line != "end\n")]
    assert process.wait() < 0, "the writer came to its end before it was killed"

    state = State(execute, str(path))
    loaded = result(state.open())
    (found,) = loaded.torrents
    have = Bitfield.from_bytes(found.piece_count, found.have)
    assert not loaded.notices and not loaded.broken
    assert have.count >= told[-1]
    assert list(have) == list(range(have.count))
    assert found.uploaded == have.count
    assert result(state.files(HASH))[0] == (have.count - 1,) * 3
    assert found.writing in ([], [have.count])
    assert result(state.metainfo(HASH)) == b"m" * 100_000
    result(state.close())
