"""The measures: each a function of texts, with its interval."""
