"""The rules of the interface of a source, each a function that yields what breaks it."""
