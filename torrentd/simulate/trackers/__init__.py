"""Trackers: who is in which swarm (`registry`), asked over HTTP (`http`) and UDP (`udp`)."""
