"""Whom we know, and where we are ourselves."""
