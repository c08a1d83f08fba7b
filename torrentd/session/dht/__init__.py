"""The DHT in the daemon: its sockets, names, saved nodes, and the torrents' turns."""
