"""`show`, `files`, `peers`, `trackers`: one torrent from near."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torrentd.cli.columns import FILES, PEERS, TRACKERS
from torrentd.cli.options import Command, command
from torrentd.cli.session import Session
from torrentd.cli.sizes import format_limit, format_rate, format_share, format_size
from torrentd.cli.tables import Column, flatten
from torrentd.cli.times import format_duration, format_eta, format_limit_of_time, format_time
from torrentd.cli.torrents import find, one

Row = Mapping[str, Any]


@command("show", help="Show everything about one torrent.")
@one()
def show_command(session: Session, torrent: str) -> None:
    result = session.call("torrent.get", {"id": find(session, torrent)})
    session.output.thing(result, flatten(result["torrent"]), _facts(result["torrent"]))


def _table_command(name: str, help: str, columns: Sequence[Column], key: str) -> Command:
    """A command that shows the list `key` of the answer of `torrent.NAME`."""

    @command(name, help=f"{help}\n\nIn a pipe the columns are: {', '.join(column.key for column in columns)}.")
    @one()
    def show(session: Session, torrent: str) -> None:
        result = session.call(f"torrent.{name}", {"id": find(session, torrent)})
        if session.output.form == "json":
            session.output.json(result)
            return
        if result[key] or session.output.form == "plain":
            session.output.table(columns, result[key])
        else:
            session.output.remark(f"no {key}")
        if session.output.form == "table" and key == "peers":
            _tell_closed(session, result.get("closed", []))

    return show


files_command = _table_command("files", "List the files of a torrent.", FILES, "files")
peers_command = _table_command("peers", "List the connected peers of a torrent.", PEERS, "peers")
trackers_command = _table_command(
    "trackers", "List the trackers of a torrent and what they said.", TRACKERS, "trackers"
)


def _tell_closed(session: Session, closed: Sequence[Row]) -> None:
    for row in closed:
        session.output.remark(f"closed {format_time(row['at'])}: {row['address']}: {row['reason']}")


def _facts(row: Row) -> Iterator[tuple[str, str]]:
    """What is known, in words; what is unknown or does not apply is left out."""
    yield "name", row["name"]
    yield "id", row["id"]
    for fact in (_state, _progress, _rates, _totals, _swarm, _tracker, _limits, _choices, _times):
        yield from fact(row)


def _state(row: Row) -> Iterator[tuple[str, str]]:
    yield "state", row["state"] + (" (stalled)" if row["stalled"] else "")
    if row["check_progress"] is not None:
        yield "checked", format_share(row["check_progress"])
    if row["error"]:
        yield "error", f"{row['error']['message']} ({row['error']['code']})"


def _progress(row: Row) -> Iterator[tuple[str, str]]:
    if row["size"] is None:
        yield "metadata", format_share(row["metadata_progress"])
        return
    have = row["wanted"] - row["left"]
    yield "progress", f"{format_share(row['progress'])}, {format_size(have)} of {format_size(row['wanted'])}"
    if row["wanted"] != row["size"]:
        yield "size", f"{format_size(row['size'])}, not all of it is wanted"
    yield "pieces", f"{row['piece_count']} of {format_size(row['piece_size'])}"


def _rates(row: Row) -> Iterator[tuple[str, str]]:
    yield "rates", f"down {format_rate(row['rate_down']) or '0'}, up {format_rate(row['rate_up']) or '0'}"
    if row["eta"] is not None:
        yield "done in", format_eta(row["eta"])


def _totals(row: Row) -> Iterator[tuple[str, str]]:
    ratio = "" if row["ratio"] is None else f", ratio {row['ratio']:.2f}"
    yield "downloaded", f"{format_size(row['downloaded'])}, {format_size(row['wasted'])} wasted"
    yield "uploaded", f"{format_size(row['uploaded'])}{ratio}"


def _swarm(row: Row) -> Iterator[tuple[str, str]]:
    peers = row["peers"]
    yield (
        "peers",
        (
            f"{peers['connected']} connected ({peers['seeds']} seeds), {peers['known']} known;"
            f" {peers['down']} send to us, we send to {peers['up']}"
        ),
    )
    if peers["swarm_seeds"] is not None or peers["swarm_leechers"] is not None:
        yield "swarm", f"{_known(peers['swarm_seeds'])} seeds, {_known(peers['swarm_leechers'])} leechers"


def _tracker(row: Row) -> Iterator[tuple[str, str]]:
    tracker = row["tracker"]
    if tracker:
        next_at = "" if tracker["next_at"] is None else f", next announce {format_time(tracker['next_at'])}"
        yield "tracker", f"{tracker['host']}: {tracker['status']}{next_at}"


def _limits(row: Row) -> Iterator[tuple[str, str]]:
    given = {key: value for key, value in row["limits"].items() if value is not None}
    if given:
        yield "limits", ", ".join(f"{key.replace('_', ' ')} {_limit(key, value)}" for key, value in given.items())


def _limit(key: str, value: Any) -> str:
    if key in ("seed_time", "idle_time"):
        return format_limit_of_time(value)
    return format_limit(value) if key in ("down", "up") else str(value)


def _choices(row: Row) -> Iterator[tuple[str, str]]:
    yield "directory", row["download_dir"]
    if row["labels"]:
        yield "labels", ", ".join(row["labels"])
    words = [word for word in ("private", "sequential") if row[word]]
    if words:
        yield "flags", ", ".join(words)


def _times(row: Row) -> Iterator[tuple[str, str]]:
    for key, title in (("added_at", "added"), ("completed_at", "completed"), ("active_at", "last active")):
        if row[key] is not None:
            yield title, format_time(row[key])
    if row["seeding_time"]:
        yield "seeded for", format_duration(row["seeding_time"])


def _known(count: int | None) -> str:
    return "?" if count is None else str(count)
