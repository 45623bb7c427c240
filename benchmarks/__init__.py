"""One script for each figure; each prints its corpus, its baseline from the same run, and the ratio."""
