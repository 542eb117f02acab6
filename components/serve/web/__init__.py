"""HTTP: three ports, one process."""
