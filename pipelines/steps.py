"""Steps of a local run: each is said, timed, recorded, and reused where nothing has changed."""

import hashlib
import json
import logging
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from components.contracts.base import Report
from components.contracts.errors import BadInputError
from components.runtime.digests import folder_sha256
from components.runtime.files import whole_file
from components.runtime.flags import StageConfig, flag_of, flags_for, variables_against
from components.runtime.lock import lock

log = logging.getLogger(__name__)

RECORDS = ".steps"


Places = ParamSpec("Places")
Config = TypeVar("Config", bound=StageConfig)


@dataclass(frozen=True)
class Step:
    """One call of one stage."""

    stage: str
    """The stage's room, as `train`."""
    config: StageConfig
    inputs: Mapping[str, Path | list[Path]] = field(default_factory=dict)
    """The artifact folders it reads, by the name of their flag."""
    outputs: Mapping[str, Path | str] = field(default_factory=dict)
    """The folder or URI it writes to, and what it is to be called there."""
    identity: Callable[[], str | None] | None = None
    """What changes when a source that the configuration names does; None where nobody can tell."""
    subject: str = ""
    """Which of several calls of the stage this is, as the source's name."""
    do: Callable[..., Path] = field(kw_only=True)
    """Takes the configuration, the inputs and the outputs; gives the folder that it wrote."""

    @property
    def name(self) -> str:
        """The step as people read it: `collect sample.zip`."""
        return f"{self.stage} {self.subject}".strip()

    @property
    def line(self) -> str:
        """The command that does the same by hand in this environment."""
        words = ["python", "-m", f"components.{self.stage}"]
        if unset := variables_against(self.config, os.environ):
            words = ["env", *(word for name in unset for word in ("-u", name)), *words]
        for name, place in {**self.inputs, **self.outputs}.items():
            for one in place if isinstance(place, list) else [place]:
                words += [flag_of(name), str(one)]
        return shlex.join([*words, *flags_for(self.config, os.environ)])

    def key(self) -> str:
        """The SHA-256 of all that decides the output: equal keys, equal outputs."""
        folders = {
            name: [folder_sha256(one) for one in (place if isinstance(place, list) else [place])]
            for name, place in self.inputs.items()
        }
        outputs = {name: str(place) for name, place in self.outputs.items()}
        said = [self.stage, self.config.model_dump(mode="json"), folders, outputs]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def step_of(
    do: Callable[Concatenate[Config, Places], Path],
    config: Config,
    identity: Callable[[], str | None] | None,
    /,
    *_: Places.args,
    **places: Places.kwargs,
) -> Step:
    """The call of a stage by the function of its name, with what it reads and what it writes.

    A place that is None is left out. What a stage writes to is a URI, or is called `…_out`.
    """
    inputs: dict[str, Path | list[Path]] = {}
    outputs: dict[str, Path | str] = {}
    for name, place in places.items():
        if isinstance(place, str) or (isinstance(place, Path) and name.endswith("_out")):
            outputs[name] = place
        elif isinstance(place, Path | list):
            inputs[name] = place
    return Step(do.__name__, config, inputs, outputs, identity, do=do)


class StepRecord(Report):
    """What a finished step left behind, kept in `OUT/.steps/`."""

    output: str
    """The output folder, relative to OUT."""
    sha256: str
    """Its digest then."""
    identity: str | None = None
    """That of the source then, where it could be told."""


@dataclass(frozen=True)
class StepTime:
    """How long a step took, in seconds; a reused one took none."""

    name: str
    seconds: float
    reused: bool = False


@dataclass
class StepRunner:
    """Runs steps for the folder `out`, which exists."""

    out: Path
    resume: bool
    """Whether a step whose inputs and output are unchanged is reused."""
    times: list[StepTime] = field(default_factory=list)

    def run(self, step: Step) -> Path:
        """Do `step`, or reuse what it left before; gives its output folder."""
        record = self.out / RECORDS / f"{step.stage}-{step.key()[:16]}.json"
        identity = step.identity() if step.identity else None
        if self.resume and (output := self._finished(record, identity)):
            log.info("▸ %s: unchanged, reused", step.name)
            self.times.append(StepTime(step.name, 0.0, reused=True))
            return output
        record.unlink(missing_ok=True)
        output = self.do(step)
        self._remember(record, output, identity)
        return output

    def do(self, step: Step) -> Path:
        """Do `step`, whatever was done before; gives its output folder."""
        log.info("▸ %s\n  %s", step.name, step.line)
        start = time.monotonic()
        output = step.do(step.config, **step.inputs, **step.outputs)
        self.times.append(StepTime(step.name, time.monotonic() - start))
        return output

    def _finished(self, record: Path, identity: str | None) -> Path | None:
        """The output of a step that ended well, if its source and itself are as they were."""
        try:
            left = StepRecord.read(record)
        except BadInputError:  # there is none, or an older version's
            return None
        if identity is not None and identity != left.identity:
            return None
        output = self.out / left.output
        return output if output.is_dir() and folder_sha256(output) == left.sha256 else None

    def _remember(self, record: Path, output: Path, identity: str | None) -> None:
        left = StepRecord(
            output=str(output.relative_to(self.out)),
            sha256=folder_sha256(output),
            identity=identity,
        )
        with whole_file(record) as draft:
            left.write(draft)


@contextmanager
def alone_in(out: Path) -> Iterator[None]:
    """Hold the output folder for this run: two at once would undo each other's work.

    Raises:
        BadInputError: another run holds it.
    """
    with ExitStack() as held:
        try:
            held.enter_context(lock(out / RECORDS / ".lock", wait=False))
        except OSError as error:
            raise BadInputError(f"--out: another run is at work in {out}; wait for it") from error
        yield


def make_out(out: Path) -> Path:
    """Make the output folder of a run and return its absolute path.

    Raises:
        BadInputError: it cannot be made.
    """
    out = out.absolute()
    try:
        (out / RECORDS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(f"--out: cannot write to {out}: {error.strerror}") from error
    return out
