"""Adapters as engines: they share a batch, and come and go by themselves."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.adapters import make_adapter
from support.engines import write

from components.contracts.errors import BadInputError
from components.lm.adapters import whole_model
from components.lm.engine.load import load_engine
from components.lm.engine.protocol import Engine, EngineClosed, EngineSettings, Request, Sampling

LONG = Sampling(max_tokens=120, ignore_eos=True)


@pytest.fixture
def adapters(folder: Path, tmp_path: Path) -> list[Path]:
    return [make_adapter(folder, tmp_path / str(seed), seed, r=2 + seed) for seed in range(3)]


def test_samples_are_those_of_the_adapter_alone_in_any_company(
    engine: Engine, folder: Path, adapters: list[Path]
) -> None:
    adapted = [engine.adapt(one) for one in adapters]
    everyone = [engine, *adapted]

    def ask(one: Engine) -> object:
        return write(one, "the kettle", 3, seed=4, max_tokens=20)

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(ask, everyone))
    assert together == [ask(one) for one in everyone]
    assert len(set(map(str, together))) == 4
    with whole_model(adapters[0], folder) as whole:
        alone = load_engine(whole, EngineSettings(dtype="fp32"))
    assert ask(alone) == together[1]
    alone.close()


def test_what_it_takes_and_how_busy_it_is_is_its_own(engine: Engine, adapters: list[Path]) -> None:
    adapted = engine.adapt(adapters[0])
    assert 0 < adapted.facts.memory_bytes < engine.facts.memory_bytes
    assert (adapted.load.running, adapted.load.waiting) == (0, 0)
    events = iter(adapted.submit(Request("the", 2, LONG)))
    next(events)
    assert adapted.load.running == 2
    assert engine.adapt(adapters[1]).load.running == 0
    list(events)
    assert adapted.load.running == 0


def test_closing_one_ends_its_own_requests_alone(engine: Engine, adapters: list[Path]) -> None:
    one, other = (engine.adapt(folder) for folder in adapters[:2])
    ended, goes_on = one.submit(Request("the", 4, LONG)), other.submit(Request("the", 1, LONG))
    next(iter(goes_on))
    one.close()
    with pytest.raises(EngineClosed, match="unloaded before the answer was done"):
        list(ended)
    with pytest.raises(EngineClosed, match="takes no more"):
        one.submit(Request("the"))
    assert list(goes_on)[-1].finish_reason == "length"
    assert write(engine, "the", max_tokens=3)


def test_closing_waits_for_what_runs(engine: Engine, adapters: list[Path]) -> None:
    one = engine.adapt(adapters[0])
    stream = one.submit(Request("the", 2, LONG))
    one.close(30)
    assert [event.finish_reason for event in stream].count("length") == 2


def test_an_adapter_has_no_adapters(engine: Engine, adapters: list[Path]) -> None:
    with pytest.raises(BadInputError, match="an adapter of an adapter"):
        engine.adapt(adapters[0]).adapt(adapters[1])


def test_a_folder_without_an_adapter_is_refused(engine: Engine, folder: Path) -> None:
    with pytest.raises(BadInputError, match="adapter_config.json"):
        engine.adapt(folder)
