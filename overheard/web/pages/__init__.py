"""Pages for people: one module a kind of page, each a handler that asks the service and fills a template."""
