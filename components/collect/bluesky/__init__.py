"""One account's posts from Bluesky, as it shows them without a login."""
