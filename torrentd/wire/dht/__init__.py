"""The DHT on the wire: KRPC messages (BEP 5) and compact nodes."""
