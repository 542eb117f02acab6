"""The stage that puts a model into the registry, with a card that says what it is."""
