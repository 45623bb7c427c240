"""Topics, positions and the one loop that runs a stage."""
