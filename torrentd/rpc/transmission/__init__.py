"""Transmission's RPC over our daemon, in both of its dialects, so that the programs written for it work unchanged."""
