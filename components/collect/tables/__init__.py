"""Reading tables of posts: CSV, JSON lines and JSON arrays."""
