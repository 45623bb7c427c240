"""A firm's own site read into proposals, and a configuration written that a person can read. Pure: fetches nothing."""
