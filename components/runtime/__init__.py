"""How a stage runs: its flags, its exit codes, its logs, its progress, its outputs."""
