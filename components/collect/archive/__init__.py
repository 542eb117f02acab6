"""Reading the archive that X gives its users, from its zip or the folder it was unpacked to."""
