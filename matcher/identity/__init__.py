"""The identity map and the directory: which records are of whom, by whose word, and what people decided."""
