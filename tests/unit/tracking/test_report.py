"""The report in W&B, made on a stand-in for its server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.finished import make_base, make_dataset, make_evaluation_report, make_model
from support.wandb_api import KEY, WandbApi, wandb_api

from components.contracts.errors import BadInputError
from components.tracking.report import ReportContent, make_report
from components.tracking.report.markdown import cell, markdown_table


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[WandbApi]:
    """The server that this process asks, with a key."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    with wandb_api() as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        yield server


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> ReportContent:
    place = tmp_path_factory.mktemp("finished")
    weights = place / "weights"
    weights.mkdir()
    (weights / "model.safetensors").write_bytes(b"weights")
    prepared = make_dataset(place / "dataset", ["gardener", "baker_2"])
    base = make_base(place / "base", weights)
    trained = make_model(place / "model", weights, place / "dataset", base)
    return ReportContent("rosa@3", prepared, trained, make_evaluation_report())


def add_runs(api: WandbApi, story: ReportContent) -> None:
    api.add_run("other", "@baker_2-gardener-train", dataset_sha256="another")
    api.add_run("trained", "@baker_2-gardener-train", dataset_sha256=story.trained.dataset_sha256)
    api.add_run("judged", "@baker_2-gardener-evaluate", model_sha256=story.evaluated.model_sha256)


def blocks(api: WandbApi, kind: str) -> list[Any]:
    return [block for block in api.spec()["blocks"] if block["type"] == kind]


def test_a_report_tells_of_data_training_evaluation_samples_and_lineage(
    api: WandbApi, story: ReportContent
) -> None:
    add_runs(api, story)
    url = make_report(story)
    (view,) = api.views
    assert (view["entityName"], view["projectName"]) == ("ann-team", "huggingtweets")
    assert view["displayName"] == "How rosa@3 came to be"
    assert url.startswith("http")
    assert "/ann-team/huggingtweets/reports/" in url
    headings = [block["children"][0]["text"] for block in blocks(api, "heading")]
    assert headings == ["Data", "Training", "Evaluation", "Samples", "Lineage"]
    said = json.dumps(api.spec())
    for part in ("train/loss", "validation/loss", '"samples"', '"lineage"', "written by a machine"):
        assert part in said, part


def test_the_curves_are_those_of_the_run_that_trained_this_model(
    api: WandbApi, story: ReportContent
) -> None:
    add_runs(api, story)
    make_report(story)
    curves, samples, lineage = blocks(api, "panel-grid")
    runs = [json.dumps(grid["metadata"]["runSets"]) for grid in (curves, samples, lineage)]
    assert ["trained" in one for one in runs] == [True, False, True]
    assert ["judged" in one for one in runs] == [False, True, False]
    assert not any('"other"' in one for one in runs)


def test_of_two_trainings_on_the_same_posts_the_newer_one_is_told(
    api: WandbApi, story: ReportContent
) -> None:
    add_runs(api, story)
    api.add_run("again", "@baker_2-gardener-train", dataset_sha256=story.trained.dataset_sha256)
    make_report(story)
    assert '"again"' in json.dumps(blocks(api, "panel-grid")[0]["metadata"]["runSets"])


def test_the_project_is_where_the_training_says_its_run_is(
    api: WandbApi, story: ReportContent
) -> None:
    add_runs(api, story)
    api.projects = {("bob-team", "birds")}
    tracked = {"url": "https://wandb.ai/bob-team/birds/runs/trained"}
    make_report(story._replace(trained=story.trained.model_copy(update={"tracking": tracked})))
    assert (api.views[0]["entityName"], api.views[0]["projectName"]) == ("bob-team", "birds")


def test_an_evaluation_that_was_not_tracked_leaves_the_samples_out(
    api: WandbApi, story: ReportContent
) -> None:
    api.add_run("trained", "@baker_2-gardener-train", dataset_sha256=story.trained.dataset_sha256)
    make_report(story)
    assert "was not tracked" in json.dumps(api.spec())


def test_what_is_not_there_is_named(api: WandbApi, story: ReportContent) -> None:
    with pytest.raises(BadInputError, match=r"ann-team/huggingtweets holds no run .*wandb sync"):
        make_report(story)
    api.projects = set()
    with pytest.raises(BadInputError, match="no project ann-team/huggingtweets"):
        make_report(story)
    api.entity = None
    with pytest.raises(BadInputError, match="WANDB_ENTITY"):
        make_report(story)
    assert api.views == []


@pytest.mark.parametrize("mode", ["offline", "disabled", "dryrun"])
def test_offline_no_report_is_made_and_nobody_is_asked(
    mode: str, api: WandbApi, story: ReportContent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", mode)
    with pytest.raises(BadInputError, match=rf"WANDB_MODE={mode}.*wandb sync"):
        make_report(story)
    assert api.asked == []


def test_without_a_key_it_is_told_where_one_goes(
    api: WandbApi, story: ReportContent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_API_KEY")
    with pytest.raises(BadInputError, match="no key for W&B.*WANDB_API_KEY"):
        make_report(story)
    assert api.asked == []


def test_a_login_in_the_home_folder_is_a_key(
    api: WandbApi, story: ReportContent, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    add_runs(api, story)
    monkeypatch.delenv("WANDB_API_KEY")
    host = api.url.removeprefix("http://")
    (tmp_path / "netrc").write_text(f"machine {host}\n  login user\n  password {KEY}\n")
    (tmp_path / "netrc").chmod(0o600)
    make_report(story)
    assert len(api.views) == 1


def test_a_wrong_key_is_refused_and_reaches_no_sentence(
    api: WandbApi,
    story: ReportContent,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    wrong = "w" * 40
    monkeypatch.setenv("WANDB_API_KEY", wrong)
    with pytest.raises(BadInputError, match="W&B does not make the report") as refused:
        make_report(story)
    assert wrong not in str(refused.value) + caplog.text


def test_a_server_that_is_not_there_is_one_sentence(
    api: WandbApi, story: ReportContent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("components.tracking.report.making.SECONDS", 1)
    with pytest.raises(BadInputError, match="W&B does not make the report") as refused:
        make_report(story)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("address", ["wandb.example", "https://wandb.example:99999", "ftp://x.y"])
def test_an_address_that_is_none_is_one_sentence(
    address: str, api: WandbApi, story: ReportContent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", address)
    with pytest.raises(BadInputError, match="WANDB_BASE_URL: .* is not the address") as refused:
        make_report(story)
    assert "\n" not in str(refused.value)


def test_without_the_library_the_tracker_works_and_the_report_says_what_to_install(
    tmp_path: Path,
) -> None:
    script = (
        "import sys; sys.modules['wandb_workspaces'] = None\n"
        "import components.tracking, components.tracking.wandb_backend\n"
        "from components.contracts.errors import BadInputError\n"
        "from components.tracking.report import make_report\n"
        "try: make_report(None)\n"
        "except BadInputError as error: print(error)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[3]), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pip install 'huggingtweets[tracking]'" in answer.stdout


@pytest.mark.parametrize(
    "value", ["a|b", "<script>", "[me](https://x.example)", "`code`", "two\nlines", "# a", "$x$"]
)
def test_what_others_wrote_is_no_markdown(value: str) -> None:
    assert not set(cell(value)) & set("|<>[]()`\n$*_")


def test_a_table() -> None:
    assert (
        markdown_table(("a", "b"), [(1234, None)]) == "| a | b |\n| --- | --- |\n| 1,234 | none |"
    )
