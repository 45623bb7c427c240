"""The polite and wary client: one bounded request, each of its hops checked."""
