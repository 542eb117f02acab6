from pathlib import Path

import pytest

from components.contracts.errors import BadInputError
from components.runtime.flags import StageConfig
from pipelines.steps import Step, StepRunner, alone_in, make_out


class BakeConfig(StageConfig):
    degrees: int = 180
    """How hot."""
    tin: str | None = None
    """In what; nothing if left out."""


class Kitchen:
    """Performs steps, and counts how often."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.dough = out / "dough"
        self.dough.mkdir(parents=True)
        (self.dough / "flour").write_text("wheat")
        self.baked = 0
        self.fails = False
        self.oven: str | None = "the old oven"

    def step(self, degrees: int = 180) -> Step:
        inputs = {"dough": self.dough}
        outputs = {"bread_out": self.out / "bread"}
        oven = lambda: self.oven  # noqa: E731
        config = BakeConfig(degrees=degrees)
        return Step("bake", config, inputs, outputs, oven, do=self.bake)

    def bake(self, config: BakeConfig, *, dough: Path, bread_out: Path) -> Path:
        self.baked += 1
        bread_out.mkdir(exist_ok=True)
        (bread_out / "crumb").write_text("done")
        if self.fails:
            raise RuntimeError
        return bread_out

    def run(self, step: Step | None = None, *, resume: bool = True) -> StepRunner:
        runner = StepRunner(self.out, resume)
        runner.run(step or self.step())
        return runner


@pytest.fixture
def kitchen(tmp_path: Path) -> Kitchen:
    return Kitchen(make_out(tmp_path / "out"))


def test_an_unchanged_step_is_reused_when_resumed(kitchen: Kitchen) -> None:
    kitchen.run()
    runner = kitchen.run()
    assert kitchen.baked == 1
    assert [(time.name, time.reused) for time in runner.times] == [("bake", True)]


def test_without_resume_it_runs_again(kitchen: Kitchen) -> None:
    kitchen.run()
    kitchen.run(resume=False)
    assert kitchen.baked == 2


def test_another_configuration_runs_again(kitchen: Kitchen) -> None:
    kitchen.run()
    kitchen.run(kitchen.step(degrees=220))
    assert kitchen.baked == 2


def test_a_changed_input_runs_again(kitchen: Kitchen) -> None:
    kitchen.run()
    (kitchen.dough / "flour").write_text("rye")
    kitchen.run()
    assert kitchen.baked == 2


def test_a_source_that_is_another_now_runs_again(kitchen: Kitchen) -> None:
    kitchen.run()
    kitchen.oven = "a new oven"
    kitchen.run()
    assert kitchen.baked == 2
    kitchen.run()
    assert kitchen.baked == 2


def test_a_source_that_cannot_be_asked_is_taken_as_it_was(kitchen: Kitchen) -> None:
    kitchen.run()
    kitchen.oven = None
    kitchen.run()
    assert kitchen.baked == 1


@pytest.mark.parametrize("content", ["", "{}", "[", '{"output": "bread", "sha256": "0"}'])
def test_a_damaged_record_runs_again(kitchen: Kitchen, content: str) -> None:
    kitchen.run()
    (record,) = (kitchen.out / ".steps").glob("bake-*.json")
    record.write_text(content)
    kitchen.run()
    assert kitchen.baked == 2


def test_an_output_that_was_touched_is_made_again(kitchen: Kitchen) -> None:
    kitchen.run()
    (kitchen.out / "bread" / "crumb").write_text("eaten")
    kitchen.run()
    assert kitchen.baked == 2


def test_a_failed_step_is_not_remembered(kitchen: Kitchen) -> None:
    kitchen.fails = True
    with pytest.raises(RuntimeError):
        kitchen.run()
    kitchen.fails = False
    kitchen.run()
    assert kitchen.baked == 2


def test_the_line_is_what_one_types(kitchen: Kitchen) -> None:
    assert kitchen.step(degrees=220).line == (
        f"python -m components.bake --dough {kitchen.dough} --bread-out {kitchen.out}/bread "
        "--degrees 220"
    )


def test_the_line_says_only_what_is_not_so_anyway(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--degrees" not in kitchen.step().line
    monkeypatch.setenv("HUGGINGTWEETS_DEGREES", "90")
    assert kitchen.step().line.endswith(" --degrees 180")
    monkeypatch.setenv("HUGGINGTWEETS_TIN", "round")
    assert kitchen.step().line.startswith("env -u HUGGINGTWEETS_TIN python -m components.bake ")


def test_an_output_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInputError, match="--out: cannot write"):
        make_out(tmp_path / "file" / "out")


def test_two_runs_never_work_in_one_folder(kitchen: Kitchen) -> None:
    first = alone_in(kitchen.out)
    with first, pytest.raises(BadInputError, match="another run is at work"), alone_in(kitchen.out):
        pass
    with alone_in(kitchen.out):
        pass
