"""The pages that show an evaluation to people."""
