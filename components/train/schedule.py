"""How high the learning rate is at each step."""


def learning_rate(step: int, steps: int, highest: float, warmup: float) -> float:
    """Rise linearly over the first `warmup` share of `steps`, then fall linearly towards zero.

    `step` counts from 0. A linear fall to zero needs no tuning and is at least as good as a
    cosine at a small number of steps (Defazio et al. 2023, arXiv:2310.07831).
    """
    rising = max(1, round(steps * warmup))
    if step < rising:
        return highest * (step + 1) / rising
    return highest * (steps - step) / max(1, steps - rising)
