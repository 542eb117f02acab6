"""Forgetting posts and authors: in datasets, in models, on servers."""
