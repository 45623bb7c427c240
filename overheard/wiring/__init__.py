"""The one place that knows which engine: settings in, rooms put together and run, nothing decided."""
