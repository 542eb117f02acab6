"""One request for texts: written by a model, and answered whole or as it comes."""
