"""Names of people, firms and words: how they are written, how rare they are, where they stand in a text. Pure."""
