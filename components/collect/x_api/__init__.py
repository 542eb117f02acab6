"""One account's posts from the X API, version 2."""
