"""What Mastodon and Bluesky give their users who ask for their own posts, read as tables."""
