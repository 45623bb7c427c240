"""Evidence for and against a link: visible lists of weighted features, each a small function."""
