"""The peer wire: handshake, framing, messages, extension handshake, client names (BEP 3, 5, 10, 20)."""
