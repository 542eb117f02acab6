"""The bundled sample: the archive of an invented author, built from readable text."""
