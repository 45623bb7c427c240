"""When which source is asked, what is remembered of it, and what of it is new."""
