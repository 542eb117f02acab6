"""Memory straight from the system, and the cache in it."""

import mmap

import pytest
import torch
from support.resident import resident

from components.lm.decoding.cache import KVCache
from components.lm.decoding.mapped import HUGE, mapped, mapped_in_huge_pages
from components.lm.decoding.shape import Shape

SHAPE = Shape("llama", 10, 256, 2, 4, 4, 64, 1024, 1e-5, 1e4, True)


@pytest.mark.parametrize("size", [0, 1, 4096, HUGE + 1])
def test_it_is_zero_and_as_large_as_asked(size: int) -> None:
    for memory in (mapped(size), mapped_in_huge_pages(size)):
        assert memory.shape == (size,)
        assert memory.dtype == torch.uint8
        assert not memory.any()


def test_what_nobody_writes_to_takes_none_and_what_is_freed_goes_back() -> None:
    before, size = resident(), 200 << 20
    memory = mapped(size)
    assert resident() < before + size // 4
    memory.fill_(1)
    assert resident() > before + size // 2
    del memory
    assert resident() < before + size // 4


def test_huge_pages_begin_with_one() -> None:
    assert mapped_in_huge_pages(5).data_ptr() % HUGE == 0


def test_a_kernel_without_huge_pages_gives_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mmap, "MADV_HUGEPAGE", 9999)
    assert mapped_in_huge_pages(100).fill_(7).sum() == 700


def test_rows_of_the_cache_that_nobody_writes_to_take_no_memory() -> None:
    cache = KVCache(SHAPE, torch.bfloat16, torch.device("cpu"))
    cache.resize(8, 1024)  # of 2 MB a row
    cache.layers[0][:8] = 1
    before = resident()
    cache.resize(256, 1024)
    assert resident() < before + (100 << 20)
    assert cache.layers[0][:8].eq(1).all()
    assert not cache.layers[0][8:10].any()
