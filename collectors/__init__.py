"""From the public web and from files to mentions."""
