"""The settings as plain values and as a schema, and what a reload changes."""

from __future__ import annotations

from pathlib import Path

import msgspec

from torrentd.config import Configuration, Settings, applied, diff, features_not_there_yet, load, schema, values
from torrentd.config.describe import LIVE
from torrentd.config.settings import SECTIONS, Limits, Log, Network, Paths, Peers, Rpc
from torrentd.model.address import Address


def test_values_are_what_the_file_would_say() -> None:
    found = values(Settings(rpc=Rpc(unix=None, tcp=None)))
    assert found["network.listen"] == ["0.0.0.0:51413", "[::]:51413"]
    assert found["rpc.unix"] == found["rpc.tcp"] == "off"
    assert found["limits.download"] == 0
    assert values(Settings())["rpc.tcp"] == "127.0.0.1:9091"
    msgspec.json.encode(found)


def test_there_is_a_value_for_every_key() -> None:
    assert list(values(Settings())) == [
        f"{section}.{name}" for section, struct in SECTIONS.items() for name in struct.__struct_fields__
    ]
    assert tuple(SECTIONS) == Settings.__struct_fields__


def test_resolved_settings_can_be_written_down_and_read_again() -> None:
    environ = {"HOME": "/home/u"}
    settings = load(None, environ).settings
    assert load(None, {}, values(settings)).settings == settings


def test_what_changed_is_sorted_by_what_it_takes() -> None:
    new = Settings(
        paths=Paths(download_dir="/x"),
        network=Network(listen=(Address("::", 1),)),
        peers=Peers(max_connections=1, encryption="off"),
        limits=Limits(upload=5),
        log=Log(level="debug"),
    )
    live, restart = diff(Settings(), new)
    assert live == ["peers.max_connections", "limits.upload", "log.level"]
    assert restart == ["paths.download_dir", "network.listen", "peers.encryption"]
    assert diff(new, new) == ([], [])


def test_a_reload_applies_what_it_can_and_leaves_the_rest() -> None:
    new = Settings(
        paths=Paths(download_dir="/x"), peers=Peers(max_connections=1, encryption="off"), log=Log(level="warn")
    )
    now = applied(Configuration(Settings(), None), Configuration(new, Path("f"))).settings
    assert now == Settings(peers=Peers(max_connections=1), log=Log(level="warn"))
    assert diff(now, new) == ([], ["paths.download_dir", "peers.encryption"])


def test_where_a_value_comes_from_is_said_of_the_one_in_force() -> None:
    old = Configuration(Settings(paths=Paths(download_dir="/x"), log=Log(level="warn")), None, OLD_KEYS)
    new = Configuration(Settings(peers=Peers(encryption="off", upload_slots=3)), Path("f"), NEW_KEYS)
    now = applied(old, new)
    assert now.path == Path("f")
    assert set(now.written) == {"paths.download_dir", "peers.upload_slots", "rpc.tcp"}


OLD_KEYS = ("paths.download_dir", "log.level")
NEW_KEYS = ("peers.encryption", "peers.upload_slots", "rpc.tcp")  # the last one as it is by default


def test_the_live_keys_exist() -> None:
    assert set(values(Settings())) > LIVE


def test_a_feature_that_is_asked_for_and_not_there() -> None:
    settings = Settings(rpc=Rpc(trusted_proxies=("10.0.0.1",)))
    (sentence,) = features_not_there_yet(settings, ["paths.download_dir", "rpc.trusted_proxies"])
    assert sentence.startswith("rpc.trusted_proxies: proxies")


def test_what_is_not_written_or_asks_for_nothing_is_not_mentioned() -> None:
    assert features_not_there_yet(Settings(), []) == []
    assert features_not_there_yet(Settings(), ["rpc.trusted_proxies"]) == []


def test_the_schema_has_every_key_with_its_default() -> None:
    document = schema()
    tables = document["$defs"]
    for key, default in values(Settings()).items():
        section, _, name = key.partition(".")
        table = tables[SECTIONS[section].__name__]
        assert table["properties"][name]["default"] == default
        assert table["additionalProperties"] is False
    assert tables["Configuration"]["required"] == []
    assert set(tables["Configuration"]["properties"]) == set(SECTIONS)
    msgspec.json.encode(document)


def test_the_schema_shows_the_types_of_the_file() -> None:
    tables = schema()["$defs"]
    assert tables["Limits"]["properties"]["download"]["anyOf"] == [{"type": "integer"}, {"type": "string"}]
    assert tables["Network"]["properties"]["listen"]["items"] == {"type": "string"}
    assert tables["Peers"]["properties"]["max_connections"]["minimum"] == 1
    assert sorted(tables["Peers"]["properties"]["encryption"]["enum"]) == ["off", "prefer", "require"]
