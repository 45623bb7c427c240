"""Alerts: the morning digest and what is told at once: rules (pure), messages, channels, the durable outbox."""
