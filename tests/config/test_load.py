"""From text to settings; every mistake is found, placed and explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from torrentd.config import ConfigError, Configuration, Settings, load
from torrentd.model.address import Address

HOME = {"HOME": "/home/u", "XDG_RUNTIME_DIR": "/run/user/1"}


def loaded(tmp_path: Path, text: str, **overrides: object) -> Configuration:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return load(path, HOME, {key.replace("__", "."): value for key, value in overrides.items()})


def problems(tmp_path: Path, text: str, **overrides: object) -> list[str]:
    """Without the directory in front."""
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, **overrides)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return [problem.removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


def test_no_file_is_the_defaults_with_their_paths_resolved() -> None:
    found = load(None, HOME)
    assert (found.path, found.written, found.given) == (None, (), ())
    settings = found.settings
    assert settings.paths.state_dir == "/home/u/.local/state/torrentd"
    assert settings.paths.download_dir == "/home/u/Downloads"
    assert settings.rpc.unix == "/run/user/1/torrentd/rpc.sock"
    for section in ("network", "peers", "discovery", "limits", "storage", "log"):
        assert getattr(settings, section) == getattr(Settings(), section)


def test_an_empty_file_is_the_defaults_too(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").settings == load(None, HOME).settings


def test_values_are_read(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        """
        limits.download = "2M"
        [paths]
        state_dir = "~/state"
        allowed_roots = ["/srv/media/", "~"]
        [network]
        listen = ["127.0.0.1:0"]
        [storage]
        min_free = 5
        disk_queue = "64 MiB"
        [rpc]
        unix = "off"
        tcp = "off"
        [discovery]
        dht = false
        dht_bootstrap = []
        [log]
        level = "debug"
        """,
    )
    settings = found.settings
    assert settings.limits.download == 2_000_000
    assert settings.paths.state_dir == "/home/u/state"
    assert settings.paths.allowed_roots == ("/srv/media", "/home/u")
    assert settings.network.listen == (Address("127.0.0.1", 0),)
    assert (settings.storage.min_free, settings.storage.disk_queue) == (5, 64 * 2**20)
    assert settings.rpc.unix is settings.rpc.tcp is None
    assert settings.discovery.dht is False
    assert settings.discovery.dht_bootstrap == ()
    assert settings.log.level == "debug"
    assert set(found.written) >= {"limits.download", "paths.state_dir", "log.level"}
    assert "limits.upload" not in found.written


def test_the_command_line_beats_the_file(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        '[paths]\nstate_dir = "/file/state"\ndownload_dir = "/file/downloads"',
        paths__state_dir="relative/state",
        paths__download_dir="~/dl",
    )
    assert found.settings.paths.state_dir == str(Path.cwd() / "relative/state")
    assert found.settings.paths.download_dir == "/home/u/dl"
    assert found.given == ("paths.state_dir", "paths.download_dir")


def test_the_socket_moves_with_the_state_directory() -> None:
    settings = load(None, {"HOME": "/home/u"}, {"paths.state_dir": "/s"}).settings
    assert settings.rpc.unix == "/s/rpc.sock"


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    assert problems(
        tmp_path,
        """\
[paths]
state_dir = "rel"
dowload_dir = "x"
[peers]
max_connections = 0
encryption = "prefr"
upload_slots = true
[limit]
[limits]
download = "5x"
upload = -1
level = "info"
[network]
listen = ["1.2.3.4:1", 5]
[rpc]
tcp = "0.0.0.0:1"
unix_group = "no-such-group-here"
""",
    ) == [
        "config.toml:2: paths.state_dir: 'rel' must be absolute or begin with ~/",
        "config.toml:3: paths.dowload_dir: unknown; did you mean paths.download_dir?",
        "config.toml:5: peers.max_connections: 0: expected `int` >= 1",
        'config.toml:6: peers.encryption: "prefr" is none of "off", "prefer", "require"; did you mean prefer?',
        "config.toml:7: peers.upload_slots: true: expected `int`, got `bool`",
        "config.toml:8: limit: there is no such section; did you mean limits?",
        "config.toml:10: limits.download: '5x' is not a size such as 500k, 2M or 1.5GiB",
        "config.toml:11: limits.upload: -1 is less than 0 bytes",
        "config.toml:12: limits.level: unknown; did you mean log.level?",
        'config.toml:14: network.listen: ["1.2.3.4:1", 5]: expected `str`, got `int` - at `$[1]`',
        "config.toml:16: rpc.tcp: 0.0.0.0:1 is not loopback: it needs rpc.tls_certificate and rpc.tls_key,"
        " or rpc.trusted_proxies",
        "config.toml:17: rpc.unix_group: this machine has no group 'no-such-group-here'",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[paths\n", r"config.toml:1: .*line 1, .*"),
        ("a = 1\nb = \n", r"config.toml:2: .*line 2, .*"),
        ("[log]\nlevel = 'info'\nlevel = 'info'", r"config.toml:3: .*"),
        ("paths = 3", r"config.toml:1: paths: is a section; write \[paths\] on a line of its own"),
        ("[[paths]]\n", r"config.toml:1: paths: is a section; .*"),
        ("[paths]\ndownload_dir = ''", r"config.toml:2: paths.download_dir: must not be empty"),
        ("[paths]\nallowed_roots = ['up']", r"config.toml:2: paths.allowed_roots: 'up' must be absolute .*"),
        ("[paths]\nallowed_roots = '/x'", r'config.toml:2: paths.allowed_roots: "/x": expected `array`, got `str`'),
        ("[rpc]\nunix = 'x'", r"config.toml:2: rpc.unix: 'x' must be absolute .*"),
        ("[rpc]\nunix = '/%s'" % ("x" * 107), r"config.toml:2: rpc.unix: .* is longer than the 107 bytes .*"),
        (f"[rpc]\ntls_key = '{__file__}'", r"config.toml: rpc.tls_certificate: is needed together with rpc.tls_key"),
        (
            f"[rpc]\ntls_certificate = '{__file__}'",
            r"config.toml: rpc.tls_key: is needed together with rpc.tls_certificate",
        ),
        ("[storage]\ndisk_queue = 5", r"config.toml:2: storage.disk_queue: 5 is less than 1048576 bytes"),
        ("[storage]\nhash_threads = 65", r"config.toml:2: storage.hash_threads: 65: expected `int` <= 64"),
        ("[log]\nlevel = 1979-05-27", r'config.toml:2: log.level: "1979-05-27" is none of .*'),
        ("[log]\nlevel = []", r"config.toml:2: log.level: \[\] is none of .*"),
        ('[log]\n"le\\nvel" = 1', r"config.toml: 'log.le\\nvel': unknown; did you mean log.level\?"),
        ("[paths.state_dir]\nx = 1", r'config.toml:1: paths.state_dir: \{"x": 1\}: expected `str`, got `object`'),
    ],
)
def test_a_problem_and_its_words(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = problems(tmp_path, text)
    assert re.fullmatch(problem, found), found


def test_one_mistake_is_one_problem(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "[rpc]\ntcp = 'nonsense'\n")) == 1
    assert len(problems(tmp_path, "[paths]\nstate_dir = 5\n")) == 1


def test_the_command_lines_mistakes_are_its_own(tmp_path: Path) -> None:
    assert problems(
        tmp_path, "[paths]\nstate_dir = '/x'", paths__state_dir="~no-such-user-here/x", paths__nope="x"
    ) == [
        "command line: paths.nope: unknown",
        "command line: paths.state_dir: '~no-such-user-here/x' must be absolute or begin with ~/",
    ]


@pytest.mark.parametrize(
    "rpc",
    [
        "tcp = '127.0.0.1:1'",
        "tcp = '127.8.8.8:1'",
        "tcp = '[::1]:1'",
        f"tcp = '0.0.0.0:1'\ntls_certificate = '{__file__}'\ntls_key = '{__file__}'",
        "tcp = '192.168.1.1:1'\ntrusted_proxies = ['192.168.1.2']",
        "tcp = 'off'",
    ],
)
def test_tcp_that_is_safe_is_accepted(tmp_path: Path, rpc: str) -> None:
    loaded(tmp_path, f"[rpc]\n{rpc}")


@pytest.mark.parametrize("tcp", ["0.0.0.0:9091", "[::]:9091", "192.168.1.1:1", "[fe80::1]:1", "1.2.3.4:0"])
def test_tcp_in_the_open_is_refused(tmp_path: Path, tcp: str) -> None:
    (found,) = problems(tmp_path, f"[rpc]\ntcp = '{tcp}'")
    assert "is not loopback" in found


def test_a_long_state_directory_makes_a_long_socket_path() -> None:
    with pytest.raises(ConfigError, match=r"built-in defaults: rpc\.unix: .* is longer than"):
        load(None, {"HOME": "/home/u"}, {"paths.state_dir": "/" + "x" * 100})


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml: cannot be read: No such file"):
        load(tmp_path / "gone.toml", HOME)
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, HOME)
    with pytest.raises(ConfigError, match="/dev/zero: is larger than 1048576 bytes"):
        load(Path("/dev/zero"), HOME)
    (tmp_path / "latin.toml").write_bytes(b"[log]\n# caf\xe9\n")
    with pytest.raises(ConfigError, match=r"latin\.toml:2: is not UTF-8 text"):
        load(tmp_path / "latin.toml", HOME)


def test_deep_nesting_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "a = " + "[" * 100_000)
    assert found.startswith("config.toml")


def test_every_bad_item_of_a_list_is_told(tmp_path: Path) -> None:
    found = problems(tmp_path, '[network]\nlisten = ["0.0.0.0:99999", "127.0.0.1:1", "nonsense"]\n')
    assert found == [
        "config.toml:2: network.listen: '0.0.0.0:99999': the port must be 0 to 65535",
        "config.toml:2: network.listen: 'nonsense': an address is HOST:PORT",
    ]


def test_what_may_come_later_is_a_problem_only_for_who_asks(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "config.toml"
    path.write_text(f'[paths]\ndownload_dir = "{tmp_path}/file/below"\n')
    assert load(path, HOME)
    with pytest.raises(ConfigError, match=r"config\.toml:2: paths\.download_dir: .*/file: cannot be written"):
        load(path, HOME, probe=True)
