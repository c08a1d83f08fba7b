from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError

from torrentd.model.errors import MetainfoError, ProtocolError, RpcError, StorageError
from torrentd.rpc.core.errors import CODES, describe, error_object


def test_every_name_has_a_code_of_its_own() -> None:
    assert len(set(CODES.values())) == len(CODES)


@pytest.mark.parametrize(
    ("error", "name", "data"),
    [
        (RpcError("wrong_state", "No", id="x", path="/p"), "wrong_state", {"id": "x", "path": "/p"}),
        (MetainfoError("pieces: too short"), "invalid_torrent", {"detail": "pieces: too short"}),
        (StorageError("disk full", "disk_full", "/d"), "io_error", {"path": "/d", "detail": "disk_full"}),
        (StorageError("no"), "io_error", {"detail": "io_error"}),
        (CancelledError(), "shutting_down", {}),
    ],
)
def test_families(error: Exception, name: str, data: dict[str, object]) -> None:
    described = describe(error, "a test")
    assert described.code == CODES[name]
    assert described.data == {"name": name, **data}


@pytest.mark.parametrize("error", [ValueError("secret"), ProtocolError("secret"), RpcError("no such name", "secret")])
def test_everything_else_is_our_bug(error: Exception) -> None:
    described = describe(error, "a test")
    assert described.code == -32603
    assert "secret" not in described.message


def test_each_incident_has_an_id_of_its_own() -> None:
    assert describe(ValueError(), "a").data["detail"] != describe(ValueError(), "a").data["detail"]


def test_a_name_that_the_api_does_not_have() -> None:
    with pytest.raises(KeyError):
        error_object("no_such", "")
