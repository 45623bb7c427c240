"""What others push to us: deliveries to `/hooks/NAME`, posts and events handed in by programs."""
