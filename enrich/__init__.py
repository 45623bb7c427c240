"""From mentions to enriched mentions: winnow, language, entities, sentiment, snippets."""
