import math
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.evaluate.measures.byte_model import END, ORDER, SYMBOLS, ByteModel


def by_hand(training: list[str], text: str) -> float:
    """The same model written as its formula stands in Chen and Goodman, symbol by symbol."""
    counts: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for post in training:
        symbols = [-1] * ORDER + [*post.encode(), END]
        for at in range(ORDER, len(symbols)):
            for order in range(ORDER + 1):
                counts[tuple(symbols[at - order : at])][symbols[at]] += 1

    def chance(history: tuple[int, ...], symbol: int) -> float:
        shorter = chance(history[1:], symbol) if history else 1 / SYMBOLS
        seen = counts.get(history)
        if not seen:
            return shorter
        kinds = len(seen)
        return (seen[symbol] + kinds * shorter) / (seen.total() + kinds)

    symbols = [-1] * ORDER + [*text.encode(), END]
    return sum(
        -math.log2(chance(tuple(symbols[at - ORDER : at]), symbols[at]))
        for at in range(ORDER, len(symbols))
    )


@settings(max_examples=40)
@given(st.lists(st.text("ab é", max_size=9), min_size=1, max_size=6), st.text("abc é", max_size=9))
def test_it_is_the_formula(training: list[str], text: str) -> None:
    assert ByteModel(training).post_bits([text]) == [pytest.approx(by_hand(training, text))]


def test_without_training_every_symbol_is_equally_likely() -> None:
    (bits,) = ByteModel([]).post_bits(["abc"])
    assert bits == pytest.approx(4 * math.log2(SYMBOLS))


def test_chances_of_all_next_symbols_add_up() -> None:
    model = ByteModel(["the cat", "the car", "a cat"])
    before = model.post_bits(["the ca"])[0]
    ends = [model.post_bits(["the ca" + chr(symbol)])[0] for symbol in range(128)]
    # each ends with the symbol's bits plus the end's, so the shares cannot add up to more than one
    assert 0 < sum(2 ** (before - bits) for bits in ends) < 2**before


def test_what_was_seen_costs_less() -> None:
    model = ByteModel(["good morning to all of you"] * 3)
    seen, other = model.post_bits(["good morning to you", "zxqj vvkw pzqt xjk"])
    assert seen < other / 2
    assert model.post_bits([]) == []
