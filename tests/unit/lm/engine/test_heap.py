"""The heap after a model was loaded."""

from support.resident import resident

from components.lm.engine.heap import trim_heap


def test_what_is_free_in_the_heap_goes_back_to_the_system() -> None:
    buffers = [bytes(100_000) + b"1" for _ in range(1000)]
    kept = buffers[-1]  # at the heap's end
    full = resident()
    del buffers
    trim_heap()
    assert resident() < full - 50_000_000
    assert kept.endswith(b"1")
