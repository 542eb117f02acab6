"""Reading the archive that X gives its users, from its zip."""
