"""Which models are here: followed, fetched, checked, loaded, switched, unloaded."""
