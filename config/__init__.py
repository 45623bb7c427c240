"""What a person sets: settings and the watch list, validated with file and line."""
