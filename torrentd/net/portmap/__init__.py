"""Routers between us and the internet: where they are, and how they are reached."""
