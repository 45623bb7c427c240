"""Feeds of every dialect: bytes to mentions. Pure."""
