"""What was written to us alone and laid down as files: exported chats, filled-in forms, marketplaces' leads."""
