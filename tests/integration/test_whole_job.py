"""The whole job on a tiny model: `huggingtweets run`, from posts to a published persona."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from support.commands import HUGGINGTWEETS, Command, call
from support.held_steps import hold
from support.tiny_models import make_tiny_model

from components.collect.sample.build import build_archive
from components.contracts.evaluation import EvaluationReport
from components.contracts.reports import PrepareReport, TrainReport
from components.registry import Registry
from components.runtime.digests import file_sha256

QUICK = ("--epochs", "1", "--samples", "20", "--max-tokens", "20", "--dtype", "fp32", "--no-gate")


class Desk:
    """A folder with a base model and an archive, in which commands are run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.base = make_tiny_model(folder / "tiny")
        self.archive = build_archive(folder / "sample.zip")

    def line(self, out: str, *more: str) -> list[str]:
        sources = more if "--table" in more else ("--archive", str(self.archive), *more)
        given = (HUGGINGTWEETS, "run", *sources, "--consent", "fictional", "--out", out)
        return [*given, "--base-model", str(self.base), *QUICK]

    def run(self, out: str, *more: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        return self.call(self.line(out, *more), expect=expect)

    def call(self, line: list[str], *, expect: int = 0) -> subprocess.CompletedProcess[str]:
        answer = call(*line, folder=self.folder)
        assert answer.returncode == expect, answer.stderr
        return answer


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def finished(desk: Desk) -> tuple[Path, str, str]:
    """A run that went through, as people start it: its folder, what it printed and logged."""
    line = [sys.executable, "-m", *desk.line("out", "--gguf", "q8_0")]
    ours = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    answer = subprocess.run(
        line, cwd=desk.folder, capture_output=True, text=True, check=False, env=ours
    )
    assert answer.returncode == 0, answer.stderr
    return desk.folder / "out", answer.stdout, answer.stderr


def test_it_leaves_every_artifact_where_it_belongs(finished: tuple[Path, str, str]) -> None:
    out, _, _ = finished
    version = out / "registry" / "lost_and_madeup" / "versions" / "1"
    for file in (
        out / "raw-dataset" / "lost_and_madeup" / "posts.jsonl",
        out / "pretrained-model" / "fetch.json",
        out / "train-dataset" / "prepare.json",
        out / "finetuned-model" / "model.safetensors",
        out / "evaluation" / "report.html",
        version / "README.md",
        version / "manifest.json",
        version / "lost_and_madeup-q8_0.gguf",
    ):
        assert file.stat().st_size > 0


def test_its_documents_hold_what_others_rely_on(finished: tuple[Path, str, str]) -> None:
    out, _, _ = finished
    counts = PrepareReport.read(out / "train-dataset" / "prepare.json").counts
    gone = counts.retweets + counts.short + counts.empty + counts.duplicates + counts.truncated
    assert counts.downloaded == gone + sum(counts.other.values()) + counts.kept
    trained = TrainReport.read(out / "finetuned-model" / "train.json")
    assert trained.best_validation_loss < (trained.curve[0].validation_loss or 0)
    evaluated = EvaluationReport.read(out / "evaluation" / "evaluation.json")
    assert evaluated.bits_per_byte.finetuned.value < evaluated.bits_per_byte.base.value


def test_it_shows_ten_posts_the_counts_and_where_everything_lies(
    finished: tuple[Path, str, str],
) -> None:
    _, printed, logged = finished
    assert printed.count("• My dream is") == 10
    assert "Tweets downloaded" in printed
    assert "bits per byte" in printed
    for place in ("versions/1/README.md", "evaluation/report.html", "huggingtweets generate"):
        assert place in printed
    assert logged.count("python -m components.") == 6


def test_the_new_version_is_in_production(finished: tuple[Path, str, str]) -> None:
    registry = Registry.open(str(finished[0] / "registry"))
    for name in ("latest", "production"):
        alias = registry.alias("lost_and_madeup", name)
        assert alias is not None
        assert alias.version == 1
    assert registry.verify(None) == []


def test_the_lines_it_prints_do_the_same_by_hand(
    desk: Desk, finished: tuple[Path, str, str]
) -> None:
    out, _, logged = finished
    before = (out / "train-dataset" / "train.jsonl").read_bytes()
    (line,) = (line for line in logged.splitlines() if "components.prepare" in line)
    desk.call(line.split()[2:])
    assert (out / "train-dataset" / "train.jsonl").read_bytes() == before


def test_generate_writes_the_answer_body_of_predictions(
    desk: Desk, finished: tuple[Path, str, str]
) -> None:
    model = finished[0] / "registry" / "lost_and_madeup" / "versions" / "1"
    line = [HUGGINGTWEETS, "generate", "--model", str(model), "--prompt", "My dream is"]
    line += ["--num", "3", "--seed", "1", "--json"]
    answers = [json.loads(desk.call(line).stdout) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0].keys() == {"model", "model_version", "ai_generated", "generations"}
    assert (answers[0]["model"], answers[0]["model_version"]) == ("lost_and_madeup", "1")
    assert answers[0]["ai_generated"] is True
    assert [post.keys() for post in answers[0]["generations"]] == [{"text", "finish_reason"}] * 3


def test_another_run_publishes_the_next_version_and_a_resumed_one_reuses(
    desk: Desk,
) -> None:
    desk.run("again")
    resumed = desk.run("again", "--resume")
    assert resumed.stderr.count("unchanged, reused") == 6
    registry = Registry.open(str(desk.folder / "again" / "registry"))
    assert registry.versions("lost_and_madeup") == [1]
    desk.run("again", "--resume", "--seed", "5")
    assert registry.versions("lost_and_madeup") == [1, 2]


MADE = {
    "collect": ("raw-dataset/lost_and_madeup", "raw-dataset/.lost_and_madeup.draft"),
    "prepare": ("train-dataset", ".train-dataset.draft"),
    "fetch": ("pretrained-model", ".pretrained-model.draft"),
    "train": ("finetuned-model", ".finetuned-model.draft"),
    "evaluate": ("evaluation", ".evaluation.draft"),
    "publish": ("registry/*/versions/*", "registry/*/uploads/*"),
}
"""What each stage makes, in order, and where that lies while it is at work."""


@pytest.fixture
def undone(desk: Desk, finished: tuple[Path, str, str], tmp_path: Path) -> Iterator[Path]:
    """The finished run, to be undone in part: in its own place, since its records name places."""
    out = finished[0]
    shutil.copytree(out, tmp_path / "kept")
    yield out
    shutil.rmtree(out)
    shutil.copytree(tmp_path / "kept", out)


@pytest.mark.parametrize("stage", MADE)
def test_a_run_killed_in_any_stage_goes_on_when_resumed(
    desk: Desk, undone: Path, stage: str
) -> None:
    names = list(MADE)
    before = {path.name for path in _made_by(stage, undone).iterdir()}
    for later in names[names.index(stage) :]:
        shutil.rmtree(undone / MADE[later][0].split("/")[0])
        for record in (undone / ".steps").glob(f"{later}-*.json"):
            record.unlink()
    more = ("--gguf", "q8_0", "--resume", "--until", stage)
    command = Command(*desk.line("out", *more), folder=desk.folder, before=partial(hold, stage))
    while not _has_begun(stage, undone):
        assert not command.has_ended, command.said
        time.sleep(0.002)
    killed = command.kill()
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert list((undone / ".steps").glob(f"{stage}-*.json")) == []

    answer = desk.run("out", *more)
    assert answer.stderr.count("unchanged, reused") == names.index(stage)
    assert answer.stderr.count("python -m components.") == 1
    assert {path.name for path in _made_by(stage, undone).iterdir()} == before
    assert len(list((undone / ".steps").glob(f"{stage}-*.json"))) == 1
    if stage != "publish":
        assert not (undone / MADE[stage][1]).exists()
    else:  # what a killed upload left is for gc
        registry = Registry.open(str(undone / "registry"))
        assert registry.verify(None) == []
        assert registry.versions("lost_and_madeup") in ([1], [1, 2])


def _made_by(stage: str, out: Path) -> Path:
    """The newest folder that the stage made."""
    return max(out.glob(MADE[stage][0]))


def _has_begun(stage: str, out: Path) -> bool:
    """Whether it has written something, be it whole or not."""
    with suppress(FileNotFoundError):  # folders move while they are looked for
        return any(file for place in MADE[stage] for file in out.glob(f"{place}/*"))
    return False


def test_until_ends_there(desk: Desk) -> None:
    answer = desk.run("part", "--until", "prepare")
    assert (desk.folder / "part" / "train-dataset").is_dir()
    assert not (desk.folder / "part" / "pretrained-model").exists()
    assert "What was made lies in part" in answer.stdout
    desk.run("part", "--until", "fetch", "--resume")
    assert (desk.folder / "part" / "pretrained-model").is_dir()
    assert not (desk.folder / "part" / "finetuned-model").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--archive", "nowhere.zip"), "nowhere.zip"),
        (("--name", "a/b"), "cannot name a persona"),
        (("--epochs", "0"), "--epochs"),
        (("--base-model", "nowhere/"), "nowhere"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    desk: Desk, more: tuple[str, ...], said: str
) -> None:
    line = [*desk.line("bad"), *more, "--until", "fetch"]
    answer = desk.call(line, expect=2)
    (error,) = (line for line in answer.stderr.splitlines() if line.startswith("error: "))
    assert said in error
    assert "Traceback" not in answer.stderr


def test_an_author_who_opted_out_is_refused_at_the_first_door(desk: Desk) -> None:
    registry = str(desk.folder / "private" / "registry")
    line = [HUGGINGTWEETS, "registry", "opt-out", "add", "--handle", "lost_and_madeup"]
    desk.call([*line, "--registry", registry])
    answer = desk.run("private", expect=2)
    assert "opted out" in answer.stderr
    assert not (desk.folder / "private" / "raw-dataset").exists()


def test_who_opted_out_since_is_refused_though_everything_could_be_reused(desk: Desk) -> None:
    desk.run("left", "--until", "prepare")
    registry = str(desk.folder / "left" / "registry")
    line = [HUGGINGTWEETS, "registry", "opt-out", "add", "--handle", "lost_and_madeup"]
    desk.call([*line, "--registry", registry])
    answer = desk.run("left", "--until", "prepare", "--resume", expect=2)
    assert "opted out" in answer.stderr


def test_a_model_of_who_opted_out_writes_nothing_more(
    desk: Desk, finished: tuple[Path, str, str], tmp_path: Path
) -> None:
    out, _, _ = finished
    elsewhere = str(tmp_path / "registry")
    handle = ["--handle", "lost_and_madeup"]
    desk.call([HUGGINGTWEETS, "registry", "opt-out", "add", *handle, "--registry", elsewhere])
    line = [HUGGINGTWEETS, "generate", "--model", str(out / "finetuned-model"), "--num", "1"]
    answer = desk.call([*line, "--registry", elsewhere], expect=2)
    assert "opted out" in answer.stderr
    assert answer.stdout == ""
    base = [HUGGINGTWEETS, "generate", "--model", str(desk.base), "--registry", elsewhere]
    assert "does not say whose posts" in desk.call(base, expect=2).stderr


def test_a_version_asks_the_list_of_its_own_registry(
    desk: Desk, finished: tuple[Path, str, str], tmp_path: Path
) -> None:
    registry = tmp_path / "registry"
    shutil.copytree(finished[0] / "registry", registry)
    version = registry / "lost_and_madeup" / "versions" / "1"
    line = [HUGGINGTWEETS, "generate", "--model", str(version), "--num", "1"]
    desk.call(line)
    handle = ["--handle", "lost_and_madeup"]
    desk.call([HUGGINGTWEETS, "registry", "opt-out", "add", *handle, "--registry", str(registry)])
    assert "opted out" in desk.call(line, expect=2).stderr


def test_what_would_fail_in_the_end_fails_before_anything_is_collected(desk: Desk) -> None:
    (desk.folder / "taken" / "finetuned-model").mkdir(parents=True)
    (desk.folder / "taken" / "finetuned-model" / "thesis.txt").touch()
    assert "holds something else" in desk.run("taken", expect=2).stderr
    assert not (desk.folder / "taken" / "raw-dataset").exists()
    long = desk.call([*desk.line("long"), "--max-tokens", "500"], expect=2)
    assert "context length of 128 tokens" in long.stderr
    assert not (desk.folder / "long" / "raw-dataset").exists()


def test_other_prompts_are_shown_too(desk: Desk) -> None:
    answer = desk.run("asked", "--prompts", "Soup, soup", "--prompts", "Rain", "--samples", "3")
    assert answer.stdout.count("• Soup, soup") == 10


def test_what_does_not_pass_the_gate_leaves_no_version(desk: Desk) -> None:
    line = [word for word in desk.line("refused") if word != "--no-gate"]
    answer = desk.call(line, expect=1)
    assert "did not pass the gate" in answer.stderr
    assert "failed, being" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert list((desk.folder / "refused" / "registry").glob("*/versions/*")) == []
    judged = EvaluationReport.read(desk.folder / "refused" / "evaluation" / "evaluation.json")
    assert not judged.gate.passed
    desk.call([*line, "--no-gate", "--resume"])
    card = desk.folder / "refused" / "registry" / "lost_and_madeup" / "versions" / "1" / "README.md"
    assert "published all the same" in card.read_text()


@pytest.mark.real_posts
def test_real_posts_of_one_author_and_of_several(desk: Desk, posts_folder: Path) -> None:
    drob = str(posts_folder / "dgrtwo-tidy-text-mining" / "drob_tweets.csv")
    obama = str(posts_folder / "fivethirtyeight-data" / "BarackObama.csv")
    desk.run("drob", "--table", drob, "--author", "drob", "--preset", "classic")
    report = PrepareReport.read(desk.folder / "drob" / "train-dataset" / "prepare.json")
    counts = report.counts
    assert (counts.downloaded, counts.retweets, counts.short, counts.kept) == (3201, 823, 192, 2186)

    tables = ("--table", drob, "--author", "drob", "--table", obama, "--author", "BarackObama")
    desk.run("both", *tables, "--until", "prepare")
    mixed = PrepareReport.read(desk.folder / "both" / "train-dataset" / "prepare.json")
    assert mixed.per_author["drob"].kept == mixed.per_author["BarackObama"].kept


@pytest.mark.real_posts
def test_real_posts_go_all_the_way_by_the_default_rules(desk: Desk, posts_folder: Path) -> None:
    drob = str(posts_folder / "dgrtwo-tidy-text-mining" / "drob_tweets.csv")
    desk.run("drob-default", "--table", drob, "--author", "drob")
    out = desk.folder / "drob-default"
    report = PrepareReport.read(out / "train-dataset" / "prepare.json")
    counts = report.counts
    gone = counts.retweets + counts.short + counts.empty + counts.duplicates + counts.truncated
    assert counts.downloaded == 3201 == gone + sum(counts.other.values()) + counts.kept
    assert counts.retweets == 823
    assert 1800 < counts.kept <= 2186
    assert max(report.languages, key=lambda code: report.languages[code]) == "en"
    evaluated = EvaluationReport.read(out / "evaluation" / "evaluation.json")
    assert evaluated.bits_per_byte.finetuned.value < evaluated.bits_per_byte.base.value
    registry = Registry.open(str(out / "registry"))
    assert registry.verify(None) == []
    card = (out / "registry" / "drob" / "versions" / "1" / "README.md").read_text()
    assert "| Tweets downloaded | 3201 |" in card.replace(",", "")
    lineage = registry.manifest("drob", 1).lineage
    assert lineage.digests.inputs["drob"] == file_sha256(Path(drob))
    assert lineage.train.asked_dtype == "fp32"
