"""Pages of the web: what they say, who says it, and which feeds they name. Pure."""
