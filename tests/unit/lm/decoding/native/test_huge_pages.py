"""Memory for weights."""

import gc

import torch

from components.lm.decoding.mapped import HUGE
from components.lm.decoding.native import huge_pages
from components.lm.decoding.native.huge_pages import ALIGNED, HugePages


def test_pieces_are_zero_and_lie_apart_on_lines_of_the_cache() -> None:
    memory = HugePages()
    pieces = [memory.take(size) for size in (1, 64, 1000, 65)]
    assert [len(piece) for piece in pieces] == [1, 64, 1000, 65]
    assert not any(piece.any() for piece in pieces)
    assert not any(piece.data_ptr() % ALIGNED for piece in pieces)
    for number, piece in enumerate(pieces):
        piece.fill_(number)
    assert [set(piece.tolist()) for piece in pieces] == [{0}, {1}, {2}, {3}]


def test_a_piece_of_any_size_begins_with_a_page_where_it_is_the_first() -> None:
    for size in (1, huge_pages.AT_ONCE, huge_pages.AT_ONCE + 1):
        piece = HugePages().take(size)
        assert len(piece) == size
        assert piece.data_ptr() % HUGE == 0
        assert piece[-1] == 0


def test_a_piece_stays_after_whoever_gave_it() -> None:
    piece = HugePages().take(5).copy_(torch.arange(5))
    gc.collect()
    assert piece.tolist() == [0, 1, 2, 3, 4]
