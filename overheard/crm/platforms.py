"""The platforms that lists have columns of handles for, with the other names that columns use."""

PLATFORMS = {
    "reddit": (), "x": ("twitter",), "mastodon": ("fediverse",), "bluesky": ("bsky",), "github": (), "gitlab": (),
    "hackernews": ("hn",), "linkedin": (), "facebook": ("fb",), "instagram": ("ig",), "threads": (), "youtube": (),
    "tiktok": (), "telegram": (), "stackoverflow": (), "medium": (), "devto": (), "lobsters": (), "producthunt": (),
    "quora": (), "discord": (), "discourse": (), "koo": (),
}  # fmt: skip
