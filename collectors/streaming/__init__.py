"""Sources that tell by themselves: connected to once, and listened to."""
