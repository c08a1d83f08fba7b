"""The daemon as the RPC sees it: implements `session.control.Control`."""

from __future__ import annotations

from torrentd.session.steering.acting import Acting
from torrentd.session.steering.governing import Governing
from torrentd.session.steering.looking import Looking


class Steering(Looking, Acting, Governing):
    """All parts over one daemon; see `Part` for what it is made of."""
