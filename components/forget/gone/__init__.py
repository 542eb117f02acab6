"""Which posts of a raw dataset are gone from their source."""
