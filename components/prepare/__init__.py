"""The prepare stage: raw posts in, cleaned posts out, split by time."""
