"""Enrich: which mentions matter, and what is in them. Knows nothing of contacts beyond their identities."""
