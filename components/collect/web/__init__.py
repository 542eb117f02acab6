"""Asking servers for an account's posts: within bounds, and again where that may help."""
