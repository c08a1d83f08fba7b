"""The DHT without I/O (BEP 5): events in, commands out. `dht.Dht` is the whole, everything else a part of it."""
