import asyncio
import threading
from collections.abc import Callable, Coroutine

from components.serve.requests.event_queue import EventQueue

LONG = 30.0


def from_a_thread(*work: Callable[[], None]) -> None:
    def run() -> None:
        for do in work:
            do()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def within(work: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(work, LONG / 2))


def test_items_come_in_their_order() -> None:
    async def body() -> None:
        queue: EventQueue[int] = EventQueue()
        for item in range(3):
            from_a_thread(lambda item=item: queue.put(item))
        assert await queue.take() == [0, 1, 2]
        from_a_thread(lambda: queue.put(3))
        assert await queue.take() == [3]

    within(body())


def test_what_comes_in_a_pause_is_taken_together_after_it() -> None:
    async def body() -> None:
        queue: EventQueue[int] = EventQueue()
        taken = asyncio.ensure_future(queue.take(0.1))
        await asyncio.sleep(0)
        from_a_thread(lambda: queue.put(1), lambda: queue.put(2))
        await asyncio.sleep(0.02)
        assert not taken.done()
        assert await taken == [1, 2]

    within(body())


def test_the_last_item_ends_a_pause() -> None:
    async def body() -> None:
        queue: EventQueue[int] = EventQueue()
        taken = asyncio.ensure_future(queue.take(LONG))
        await asyncio.sleep(0)
        from_a_thread(lambda: queue.put(1), lambda: queue.put(2, last=True))
        assert await taken == [1, 2]

    within(body())


def test_what_was_there_before_a_pause_does_not_wait_for_its_end() -> None:
    async def body() -> None:
        queue: EventQueue[int] = EventQueue()
        from_a_thread(lambda: queue.put(1))
        assert await queue.take(LONG) == [1]

    within(body())


def test_a_pause_in_which_nothing_comes_is_followed_by_the_next_item() -> None:
    async def body() -> None:
        queue: EventQueue[int] = EventQueue()
        taken = asyncio.ensure_future(queue.take(0.01))
        await asyncio.sleep(0.05)
        from_a_thread(lambda: queue.put(1))
        assert await taken == [1]

    within(body())
