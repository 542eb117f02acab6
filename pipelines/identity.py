"""Whether the base model that a run was given is still the same, without reading it."""


def identity_of_model(name: str) -> str | None:
    """What changes when the base model does; None where it cannot be told now.

    So it is where it lies on a Hub out of reach.
    """
    from components.fetch.identity import identity_of  # the Hub's client takes time to import

    return identity_of(name)
