"""The page for people: its files, and what it tells of a persona."""
