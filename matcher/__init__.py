"""Who is who, and which incident is whose: the one owner of identity and links."""
