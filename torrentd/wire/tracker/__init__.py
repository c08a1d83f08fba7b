"""Tracker requests and answers, over HTTP and UDP (BEP 3, 7, 15, 23, 24, 31, 41, 48)."""
