"""One account's public posts from its Mastodon server."""
