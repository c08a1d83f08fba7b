"""Where the file, the state and the socket are looked for, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from torrentd.config import places


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return path


def test_the_file_is_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = write(tmp_path / "etc/config.toml")
    monkeypatch.setattr(places, "SYSTEM_FILE", system)
    home = write(tmp_path / "home/.config/torrentd/config.toml")
    xdg = write(tmp_path / "xdg/torrentd/config.toml")
    handed = write(tmp_path / "handed/config.toml")
    environ = {
        "TORRENTD_CONFIG": str(tmp_path / "named.toml"),
        "CONFIGURATION_DIRECTORY": f"{tmp_path / 'handed'}:/elsewhere",
        "XDG_CONFIG_HOME": str(tmp_path / "xdg"),
        "HOME": str(tmp_path / "home"),
    }
    assert places.find(environ, "/the/option.toml") == Path("/the/option.toml")
    assert places.find(environ, None) == tmp_path / "named.toml"
    del environ["TORRENTD_CONFIG"]
    assert places.find(environ, None) == handed
    handed.unlink()
    assert places.find(environ, None) == xdg
    xdg.unlink()
    assert places.find(environ, None) == system
    del environ["XDG_CONFIG_HOME"]
    assert places.find(environ, None) == home
    home.unlink()
    assert places.find(environ, "") == system
    system.unlink()
    assert places.find(environ, None) is None


def test_a_named_file_is_made_absolute() -> None:
    assert places.find({}, "x.toml") == Path.cwd() / "x.toml"


def test_a_dangling_link_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "config.toml").symlink_to(tmp_path / "gone")
    assert places.find({"CONFIGURATION_DIRECTORY": str(tmp_path)}, None) == tmp_path / "config.toml"


def test_the_state_directory() -> None:
    environ = {"STATE_DIRECTORY": "/var/lib/torrentd:/b", "XDG_STATE_HOME": "/xdg", "HOME": "/home/u"}
    assert places.state_dir(environ) == "/var/lib/torrentd"
    del environ["STATE_DIRECTORY"]
    assert places.state_dir(environ) == "/xdg/torrentd"
    environ["XDG_STATE_HOME"] = "relative"
    assert places.state_dir(environ) == "/home/u/.local/state/torrentd"


def test_the_runtime_directory() -> None:
    environ = {"RUNTIME_DIRECTORY": "/run/torrentd", "XDG_RUNTIME_DIR": "/run/user/1"}
    assert places.runtime_dir(environ, "/state") == "/run/torrentd"
    del environ["RUNTIME_DIRECTORY"]
    assert places.runtime_dir(environ, "/state") == "/run/user/1/torrentd"
    assert places.runtime_dir({}, "/state") == "/state"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/a/b/", "/a/b"),
        ("/a/./b/../c", "/a/c"),
        ("~", "/home/u"),
        ("~/x", "/home/u/x"),
        ("~root/x", str(Path("~root").expanduser() / "x")),
        ("/with ~/tilde", "/with ~/tilde"),
    ],
)
def test_paths_become_absolute(text: str, path: str) -> None:
    assert places.absolute(text, {"HOME": "/home/u"}) == path


@pytest.mark.parametrize("text", ["a", "./a", "", "~no-such-user-here/x", "/nul\0"])
def test_other_paths_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        places.absolute(text, {"HOME": "/home/u"})


def test_without_home_the_password_file_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert places.absolute("~/x", {}).endswith("/x")

    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(places.pwd, "getpwuid", nobody)
    with pytest.raises(ValueError, match="set HOME"):
        places.absolute("~/x", {})
    with pytest.raises(ValueError, match="set HOME"):
        places.state_dir({})
    assert places.find({}, None) in (None, places.SYSTEM_FILE)
