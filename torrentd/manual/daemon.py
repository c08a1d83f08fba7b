"""torrentd(8), from the options that twistd understands."""

from __future__ import annotations

from torrentd import __version__
from torrentd.manual.roff import Page
from torrentd.plugin import EX_CONFIG, Options

SIGNALS = {
    "SIGTERM, SIGINT": "Stop: what is verified is flushed and recorded, trackers are told, connections closed.",
    "SIGHUP": "Read the configuration again. If anything in it is wrong, the log says what, and nothing changes.",
}
STATUS = {
    "0": "Stopped as it was told.",
    "1": "It could not start, or failed while it ran; the last line says why.",
    str(EX_CONFIG): "The configuration is wrong. systemd does not restart it then.",
}
FILES = {
    "config.toml": "The configuration, see torrentd.toml(5); torrentd never writes it.",
    "~/.local/state/torrentd, /var/lib/torrentd": "The state directory: database, token, lock. It is given by "
    "--state-dir, the configuration, $STATE_DIRECTORY or $XDG_STATE_HOME.",
    "token": "In the state directory: the secret with which programs may do everything by JSON-RPC over TCP. "
    "Others, which may do less, are made with the command token of torrentctl(1).",
    "rpc.sock": "In $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR/torrentd or the state directory: the socket of torrentctl(1).",
}


def page() -> Page:
    """The whole page."""
    made = Page("torrentd", 8, __version__, "a BitTorrent daemon")
    made.heading("SYNOPSIS")
    made.synopsis("twistd", "[TWISTD-OPTION]... torrentd [OPTION]...")
    made.synopsis("python", "-m torrentd [OPTION]...")
    made.heading("DESCRIPTION")
    made.text(
        "torrentd downloads and seeds torrents. It runs in the foreground with twistd --nodaemon and needs no "
        "configuration to start: the first lines of its log say where it listens, where downloads go and where the "
        "token is. It is controlled with torrentctl(1), or by any program over JSON-RPC 2.0: the call rpc.discover "
        "describes every method."
    )
    made.heading("OPTIONS")
    for name, short, _, text in Options.optParameters:
        made.item(f"-{short}, --{name} VALUE" if short else f"--{name} VALUE", str(text))
    for name, short, text in Options.optFlags:
        made.item(f"-{short}, --{name}" if short else f"--{name}", str(text))
    for title, entries in (("SIGNALS", SIGNALS), ("EXIT STATUS", STATUS), ("FILES", FILES)):
        made.heading(title)
        for label, text in entries.items():
            made.item(label, text)
    made.heading("SEE ALSO")
    made.text("torrentctl(1), torrentd.toml(5), twistd(1)")
    return made
