import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.engines import gather, write
from support.plain_generate import Sampling as PlainSampling
from support.plain_generate import generate

from components.contracts.errors import BadInputError
from components.lm.decoding.fast import FastDecoder
from components.lm.engine import scheduler
from components.lm.engine.protocol import (
    DeadlineExceeded,
    Done,
    Engine,
    EngineClosed,
    Event,
    GenerationFailed,
    PromptTooLong,
    QueueFull,
    Request,
    Sampling,
)
from components.lm.models import LanguageModel, load_model
from components.text.graphemes import trim_to_whole

OpenEngine = Callable[..., Engine]
PROMPTS = ("", "the kettle sings", "my bicycle 🚲 has", "rain on the roof, soup on the stove, and")
ENDLESS = Sampling(max_tokens=100, ignore_eos=True)


@pytest.fixture
def lm(folder: Path) -> LanguageModel:
    return load_model(folder)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_greedy_text_is_that_of_transformers(
    engine: Engine, lm: LanguageModel, prompt: str
) -> None:
    ids = torch.tensor([[lm.start_token_id, *lm.encode([prompt])[0]]])
    theirs = lm.model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=40, do_sample=False,
        eos_token_id=-1, pad_token_id=lm.end_token_id,
    )  # fmt: skip
    assert len(set(theirs[0].tolist())) > 12
    text = lm.decode(theirs[0].tolist()).removeprefix(prompt)
    (ours,) = write(engine, prompt, max_tokens=40, temperature=0, ignore_eos=True)
    assert ours.tokens == 40
    assert ours.text == trim_to_whole(text)


def test_samples_are_those_that_the_evaluation_draws(engine: Engine, lm: LanguageModel) -> None:
    sampling = {"max_tokens": 30, "temperature": 0.8, "top_p": 0.9, "stop": ("e",)}
    ours = write(engine, "the kettle", 12, seed=11, **sampling)
    theirs = generate(lm, "the kettle", 12, PlainSampling(**sampling), 11)  # type: ignore[arg-type]
    assert [one.finish_reason for one in ours] == [one.finish_reason for one in theirs]
    both = [[one.text.rstrip("\ufffd") for one in samples] for samples in (ours, theirs)]
    assert both[0] == both[1]


def test_a_sample_is_the_same_alone_and_in_any_batch(open_engine: OpenEngine) -> None:
    alone = open_engine(slots=1)
    crowded = open_engine(slots=3)
    cases = [(prompt, seed) for prompt in PROMPTS for seed in range(4)]
    expected = [write(alone, prompt, 5, seed=seed, max_tokens=25) for prompt, seed in cases]
    streams = [
        crowded.submit(Request(prompt, 5, Sampling(seed=seed, max_tokens=25)))
        for prompt, seed in cases
    ]
    assert [gather(stream) for stream in streams] == expected
    assert len({sample.text for samples in expected for sample in samples}) > 60


def test_requests_join_and_leave_a_running_batch(engine: Engine) -> None:
    long = engine.submit(Request("the", 1, ENDLESS))
    heard = iter(long)
    next(heard)
    (short,) = write(engine, "my", max_tokens=2, ignore_eos=True)
    assert short.tokens == 2
    assert next(heard).finish_reason is None  # the long one still runs
    long.cancel()


def test_long_prompts_are_read_in_pieces(
    open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = write(open_engine(), PROMPTS[3] * 2, 3, max_tokens=20)
    for name in ("TOKENS_ALONE", "TOKENS_BESIDE"):
        monkeypatch.setattr(scheduler, name, 7)
    engine = open_engine()
    beside = engine.submit(Request("the", 1, ENDLESS))
    streams = [engine.submit(Request(PROMPTS[3] * 2, 3, Sampling(max_tokens=20))) for _ in range(3)]
    assert [gather(stream) for stream in streams] == [expected] * 3
    assert gather(beside) == write(engine, "the", max_tokens=100, ignore_eos=True)


def test_memory_for_keys_and_values_is_bounded(open_engine: OpenEngine, folder: Path) -> None:
    roomy = open_engine()
    position_bytes = 2 * 2 * 32 * 4 // (2 if folder.name == "llama" else 1)
    tight = open_engine(cache_bytes=130 * position_bytes)
    expected = [write(roomy, prompt, 3, max_tokens=9) for prompt in PROMPTS]
    streams = [tight.submit(Request(prompt, 3, Sampling(max_tokens=9))) for prompt in PROMPTS]
    assert [gather(stream) for stream in streams] == expected
    assert tight.max_positions == 128
    tiny = open_engine(cache_bytes=20 * position_bytes)
    assert tiny.max_positions == 20
    with pytest.raises(PromptTooLong):
        tiny.submit(Request("", 1, Sampling(max_tokens=21)))
    assert write(tiny, "", 3, max_tokens=20) == write(roomy, "", 3, max_tokens=20)


def test_what_is_too_long_is_refused_and_never_cut(engine: Engine) -> None:
    most = engine.max_positions + 1 - engine.prompt_tokens("the kettle")
    (longest,) = write(engine, "the kettle", max_tokens=most, ignore_eos=True)
    assert longest.tokens == most
    with pytest.raises(PromptTooLong, match=str(engine.max_positions)):
        engine.submit(Request("the kettle", 1, Sampling(max_tokens=most + 1)))


@pytest.mark.parametrize(
    ("n", "values", "word"),
    [
        (0, {}, "n is 0"),
        (1, {"max_tokens": 0}, "max_tokens"),
        (1, {"max_tokens": -1, "echo": True}, "max_tokens"),
        (1, {"temperature": -0.1}, "temperature"),
        (1, {"temperature": float("nan")}, "temperature"),
        (1, {"temperature": float("inf")}, "temperature"),
        (1, {"top_p": 0}, "top_p"),
        (1, {"top_p": 1.1}, "top_p"),
        (1, {"top_p": float("nan")}, "top_p"),
        (1, {"seed": -1}, "seed"),
        (1, {"logprobs": 6}, "logprobs"),
    ],
)
def test_values_out_of_range_are_named(
    engine: Engine, n: int, values: dict[str, Any], word: str
) -> None:
    with pytest.raises(BadInputError, match=word):
        engine.submit(Request("the", n, Sampling(**values)))


def test_a_stop_string_ends_a_sample_before_it(engine: Engine) -> None:
    (whole,) = write(engine, "", seed=4, max_tokens=40, ignore_eos=True)
    stop = whole.text[9:12]
    (cut,) = write(engine, "", seed=4, max_tokens=40, stop=("never", stop), ignore_eos=True)
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.finish_reason == "stop"
    assert cut.tokens < whole.tokens


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_cancelling_stops_the_work(engine: Engine) -> None:
    streams = [engine.submit(Request("the", 8, ENDLESS)) for _ in range(6)]
    for stream in streams:
        stream.cancel()
        stream.cancel()
    for stream in streams:
        heard = list(stream)
        assert sum(event.tokens for event in heard) < 8 * 100
    wait_until(lambda: (engine.load.running, engine.load.waiting) == (0, 0))
    assert write(engine, "the", max_tokens=3)


def test_the_deadline_ends_requests_that_run_and_that_wait(open_engine: OpenEngine) -> None:
    engine = open_engine(slots=1)
    soon = time.monotonic() + 0.02
    streams = [engine.submit(Request("the", 9, ENDLESS, soon)) for _ in range(2)]
    for stream in streams:
        with pytest.raises(DeadlineExceeded):
            list(stream)
    assert write(engine, "the", max_tokens=3)


def test_the_queue_is_bounded(open_engine: OpenEngine) -> None:
    engine = open_engine(slots=2, job_queue_size=3)
    running = [engine.submit(Request("the", 2, ENDLESS))]
    wait_until(lambda: engine.load.running == 2)
    waiting = [engine.submit(Request("the", 1, ENDLESS)) for _ in range(3)]
    assert engine.load.waiting == 3
    assert engine.load.capacity == 0
    with pytest.raises(QueueFull, match="3"):
        engine.submit(Request("the", 1, ENDLESS))
    for stream in (*running, *waiting):
        stream.cancel()
    wait_until(lambda: engine.load.waiting == 0)
    assert write(engine, "the", max_tokens=3)


def test_a_queue_for_nobody_still_fills_the_free_slots(open_engine: OpenEngine) -> None:
    engine = open_engine(slots=2, job_queue_size=0)
    streams = [engine.submit(Request("the", 1, ENDLESS)) for _ in range(2)]
    with pytest.raises(QueueFull):
        engine.submit(Request("the", 1, ENDLESS))
    for stream in streams:
        stream.cancel()


def test_closing_drains_and_takes_nothing_new(engine: Engine) -> None:
    streams = [engine.submit(Request("the", 2, ENDLESS)) for _ in range(20)]
    engine.close(drain_seconds=60)
    assert [sum(event.tokens for event in stream) for stream in streams] == [200] * 20
    with pytest.raises(EngineClosed):
        engine.submit(Request("the", 1, ENDLESS))
    engine.close()


def test_closing_at_once_ends_what_runs_and_waits(open_engine: OpenEngine) -> None:
    engine = open_engine(slots=1)
    streams = [engine.submit(Request("the", 5, ENDLESS)) for _ in range(4)]
    engine.close()
    for stream in streams:
        with pytest.raises(EngineClosed):
            list(stream)


def test_a_failing_step_ends_its_requests_and_not_the_engine(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of luck")

    with monkeypatch.context() as patch:
        patch.setattr(FastDecoder, "choose", fail)
        with pytest.raises(GenerationFailed):
            write(engine, "the", max_tokens=3)
    assert write(engine, "the", max_tokens=3)


def test_a_listener_hears_what_an_iterator_would(engine: Engine) -> None:
    expected = list(engine.submit(Request("my", 3, Sampling(max_tokens=20))))
    for pause in (0.0, 0.2):
        heard: list[Event | Done] = []
        done = threading.Event()

        def hear(
            news: Event | Done, heard: list[Event | Done] = heard, done: threading.Event = done
        ) -> None:
            heard.append(news)
            if isinstance(news, Done):
                done.set()

        stream = engine.submit(Request("my", 3, Sampling(max_tokens=20)))
        time.sleep(pause)
        stream.listen(hear)
        assert done.wait(20)
        assert heard == [*expected, Done()]
        assert stream.queue_seconds is not None
        assert stream.prompt_tokens == engine.prompt_tokens("my")


def test_the_prompt_of_several_samples_is_read_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    step = FastDecoder.step

    def count(
        self: Any, tokens: Any, positions: Any, chunks: Any = (), adapters: Any = ()
    ) -> torch.Tensor:
        read.append(sum(len(chunk.ids) for chunk in chunks))
        result: torch.Tensor = step(self, tokens, positions, chunks, adapters)
        return result

    monkeypatch.setattr(FastDecoder, "step", count)
    write(engine, PROMPTS[3], 40, max_tokens=5)
    assert sum(read) == engine.prompt_tokens(PROMPTS[3])
