"""Communities whose answers are JSON: a module for each service."""
