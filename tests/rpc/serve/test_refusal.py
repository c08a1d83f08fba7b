from __future__ import annotations

import json

from torrentd.rpc.serve.refusal import BODY_TOO_LARGE


def test_a_refusal_is_a_json_rpc_error() -> None:
    assert json.loads(BODY_TOO_LARGE.body()) == {
        "jsonrpc": "2.0",
        "error": {"code": -32002, "message": "A request is at most 48 MiB", "data": {"name": "too_large"}},
        "id": None,
    }
