"""The server: pages for people, the API for programs; it shows and passes on, and decides nothing."""
