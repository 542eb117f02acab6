"""`status`, and following a run, with the answers of the real service."""

import itertools
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from support.kfp_runs import (
    GROUP,
    made_run,
    node_id,
    own_lines,
    recorded,
    recorded_log,
    recorded_workflow,
)
from support.kfp_server import KfpServer

from pipelines.cli.command import main
from pipelines.cli.status import connect
from pipelines.kubeflow.following import follow
from pipelines.kubeflow.waiting import WaitedTooLongError

REFUSED = (
    "of @x 0 of 1 posts remain (1 short): at least 3 posts of each author are needed; collect more"
)
INSIDES = ("driver", "executor", "iteration", "exit-handler", "condition", "root", "(0)")
"""Words of Argo's that no user wants to read."""


def flags(kfp: KfpServer) -> list[str]:
    return ["--host", kfp.url]


def keep_log(place: Path, run: dict[str, Any], step: str, text: str, attempt: int = 0) -> None:
    """What Kubeflow's launcher keeps when a step has ended."""
    folder = place / "persona" / run["run_id"] / step / f"execution-{step}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"executor-logs-{attempt}").write_text(text, encoding="utf-8")


def status(kfp: KfpServer, run: dict[str, Any], *more: str) -> int:
    kfp.runs[run["run_id"]] = run
    return main(["status", run["run_id"], *flags(kfp), *more])


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.startswith("  ")]


def test_status_shows_the_pipelines_own_steps_once_and_in_its_order(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(kfp, recorded("succeeded")) == 0
    said = capsys.readouterr().out
    names = ["collect", "fetch", "prepare", "train", "evaluate", "publish", "deploy", "report"]
    assert [row[1] for row in rows(said)] == names
    assert {row[0] for row in rows(said)} == {"SUCCEEDED"}
    assert rows(said)[2][2:] == ["11", "s"]
    assert not any(word in said for word in INSIDES)


def test_status_of_a_run_under_way(kfp: KfpServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(kfp, recorded("running")) == 0
    said = rows(capsys.readouterr().out)
    assert [row[:2] for row in said][-1] == ["RUNNING", "train"]
    assert len(said) == 4


def test_what_an_earlier_run_made_is_said_to_be_reused(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    status(kfp, recorded("terminated"))
    assert ["SUCCEEDED", "prepare", "reused"] in rows(capsys.readouterr().out)


def test_each_author_and_attempt_is_named(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = {}
    for number, states in enumerate((("FAILED", "RUNNING"), ("SUCCEEDED",))):
        item = f"{GROUP}.for-loop-2(0).iteration-iterations({number}:{number})(0).iteration-item(0)"
        nodes[f"{item}.collect-driver(0)"] = "SUCCEEDED"
        nodes |= {f"{item}.collect(0).executor({n})": state for n, state in enumerate(states)}
    sources = [{"table": "s3://b/posts.csv", "author": "ann"}, {"handle": "bob"}]
    made = made_run(nodes, runtime_config={"parameters": {"sources": sources}})
    assert status(kfp, {"run_id": "run-1", **made}) == 0
    first, second = rows(capsys.readouterr().out)
    assert first[:3] == ["RUNNING", "collect", "@ann"]
    assert first[-2:] == ["attempt", "2"]
    assert second[:3] == ["SUCCEEDED", "collect", "@bob"]


def test_a_run_without_a_loop_that_did_not_pass_the_gate(
    kfp: KfpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("collect", "fetch", "prepare", "train", "evaluate")
    nodes = {f"{GROUP}.{name}(0).executor(0)": "SUCCEEDED" for name in names}
    nodes |= {f"{GROUP}.{name}-driver(0)": "SUCCEEDED" for name in (*names, "publish")}
    nodes |= {f"{GROUP}.publish(0).executor({n})": "FAILED" for n in range(3)}
    made = made_run(nodes, "FAILED", run_id="run-1")
    made["run_details"]["task_details"].append({"display_name": "deploy"})
    made["runtime_config"] = {"parameters": {"sources": [{"handle": "ann"}]}}
    made["runtime_config"]["pipeline_root"] = f"file://{tmp_path}"
    said = "the model did not pass the gate, so no version was published: It copies: failed"
    line = {"level": "error", "message": f"error: {said}", "exit_code": 1}
    for attempt in range(3):
        keep_log(tmp_path, made, "publish", json.dumps(line) + "\n", attempt)
    assert status(kfp, made) == 1
    out = capsys.readouterr().out
    assert [row[:2] for row in rows(out)] == [
        *(["SUCCEEDED", name] for name in names),
        ["FAILED", "publish"],
    ] + [["SKIPPED", "deploy"]] * ("deploy" in out)
    assert rows(out)[5][-2:] == ["attempt", "3"]
    assert out.splitlines()[-1] == f"publish failed: {said}"


def test_five_hundred_authors_are_told_apart_at_once(kfp: KfpServer) -> None:
    nodes = {
        f"{GROUP}.for-loop-2(0).iteration-iterations({n}:{n})(0).iteration-item(0)"
        ".collect(0).executor(0)": "SUCCEEDED"
        for n in range(500)
    }
    sources = [{"handle": f"author{n}"} for n in range(500)]
    run = {
        "run_id": "run-1",
        **made_run(nodes, runtime_config={"parameters": {"sources": sources}}),
    }
    kfp.runs["run-1"] = run
    from pipelines.kubeflow.run_document import Run
    from pipelines.kubeflow.run_state import run_state

    labels = [step.label for step in run_state(Run.model_validate(run)).steps]
    assert labels == [f"collect @author{n}" for n in range(500)]


def test_a_group_that_could_not_be_prepared_is_shown(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    made = made_run({f"{GROUP.removesuffix('(0)')}-driver(0)": "FAILED"}, "FAILED")
    assert status(kfp, {"run_id": "run-1", **made}) == 1
    assert "exit-handler-1-driver failed" in capsys.readouterr().out


@pytest.mark.parametrize("kept", [True, False])
def test_status_ends_with_the_failing_steps_own_sentence(
    kept: bool, kfp: KfpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("failed_bad_input", f"file://{tmp_path}")
    pod = "persona-qs74x-1338363403"
    kfp.logs[pod] = recorded_log()
    if kept:
        keep_log(tmp_path, run, "prepare", own_lines(recorded_log()))
    assert status(kfp, run) == 2, "as the same run on this machine ends"
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("prepare failed: ")
    assert (REFUSED in last) == kept, "the host leaves out the lines that are JSON"


def test_the_exit_code_is_the_steps_own_where_it_says_so(
    kfp: KfpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("failed_store_gone", f"file://{tmp_path}")
    for code in (2, 1):
        line = {"level": "error", "message": "error: the store is full", "exit_code": code}
        keep_log(tmp_path, run, "publish", json.dumps(line) + "\n")
        assert status(kfp, run) == code
        assert "publish failed: the store is full" in capsys.readouterr().out


def test_a_fault_of_ours_is_said_by_its_last_line(
    kfp: KfpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("failed_store_gone", f"file://{tmp_path}")
    trace = 'Traceback (most recent call last):\n  File "x.py", line 1\nKeyError: 3\n'
    keep_log(tmp_path, run, "publish", trace)
    assert status(kfp, run) == 1
    assert "publish failed: KeyError: 3" in capsys.readouterr().out


def test_a_killed_pod_is_said_in_argos_words(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("failed_bad_input")
    workflow = recorded_workflow("failed_bad_input")
    workflow["status"]["nodes"]["persona-qs74x-1338363403"]["message"] = (
        "main: OOMKilled (exit code 137)"
    )
    kfp.workflows[run["run_id"]] = workflow
    assert status(kfp, run) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert "prepare failed: its pod ended with 'main: OOMKilled" in last
    assert "memory" in last


def test_a_last_attempt_that_was_killed_is_said_whatever_an_earlier_one_ended_with(
    kfp: KfpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"{GROUP}.publish(0).executor({n})" for n in range(2)]
    made = made_run(dict.fromkeys(names, "FAILED"), "FAILED", run_id="run-1")
    made["runtime_config"] = {"pipeline_root": f"file://{tmp_path}"}
    line = {"level": "error", "message": "error: the store is away", "exit_code": 1}
    keep_log(tmp_path, made, "publish", json.dumps(line) + "\n")
    killed = {"type": "Pod", "phase": "Failed", "message": "main: OOMKilled (exit code 137)"}
    kfp.workflows["run-1"] = {"status": {"nodes": {node_id(names[1]): killed}}}
    assert status(kfp, made) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("publish failed: its pod ended with 'main: OOMKilled")


def test_what_kubeflow_itself_failed_at_is_said(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("failed_bad_input")
    said = (
        "failed to execute component: cannot upload artifacts: dial tcp 10.0.0.7:9000: i/o timeout"
    )
    kfp.logs["persona-qs74x-1338363403"] = (
        f"F1128 18:06:53.464274      16 main.go:59] {said}\nError: exit status 1\n"
    )
    assert status(kfp, run) == 1
    assert capsys.readouterr().out.splitlines()[-1] == f"prepare failed: Kubeflow says: {said}"


def test_a_failure_without_any_word_says_where_they_lie(
    kfp: KfpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("failed_store_gone", f"file://{tmp_path}")
    assert status(kfp, run) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("publish failed: ")
    assert f"huggingtweets logs {run['run_id']} publish" in last


def test_a_terminated_run_was_cancelled(kfp: KfpServer, capsys: pytest.CaptureFixture[str]) -> None:
    run = recorded("terminated")
    assert status(kfp, run) == 1
    said = capsys.readouterr().out
    assert said.splitlines()[0] == f"run {run['run_id']}: CANCELED"
    assert "the run was cancelled at the step evaluate" in said.splitlines()[-1]
    assert "FAILED" not in said


def test_a_run_that_was_tried_again_after_it_was_cancelled_fails_as_any_other(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("terminated")
    run["state_history"] += [{"state": "RUNNING"}, {"state": "FAILED"}]
    assert status(kfp, run) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("evaluate failed: ")


def two_sources_of_ann(*states: str) -> dict[str, Any]:
    items = [f"{GROUP}.for-loop-2(0).iteration-iterations({n}:{n})(0)" for n in range(2)]
    nodes = {
        f"{item}.iteration-item(0).collect(0).executor(0)": state
        for item, state in zip(items, states, strict=True)
    }
    sources = [{"table": "s3://b/posts.csv", "author": "ann"}, {"handle": "ann"}]
    return made_run(nodes, runtime_config={"parameters": {"sources": sources}})


def test_two_sources_of_one_author_are_told_apart(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run = {"run_id": "run-1", **two_sources_of_ann("RUNNING", "SUCCEEDED")}
    assert status(kfp, run) == 0
    first, second = rows(capsys.readouterr().out)
    assert first[:3] == ["RUNNING", "collect", "@ann"]
    assert second[:4] == ["SUCCEEDED", "collect", "@ann", "(2)"]


def test_status_as_json(kfp: KfpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = recorded("failed_bad_input", f"file://{tmp_path}")
    keep_log(tmp_path, run, "prepare", own_lines(recorded_log()))
    assert status(kfp, run, "--json") == 1, "nobody says with which code the step ended"
    said = json.loads(capsys.readouterr().out)
    assert said["state"] == "FAILED"
    assert said["url"] == f"{kfp.url}/#/runs/details/{run['run_id']}"
    assert said["error"] == f"prepare failed: {REFUSED}"
    (prepare,) = [step for step in said["steps"] if step["name"] == "prepare"]
    assert prepare == {
        "name": "prepare",
        "author": None,
        "state": "FAILED",
        "seconds": 51.0,
        "attempt": 1,
        "reused": False,
        "error": said["error"],
    }


def test_status_of_a_run_that_has_not_begun(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = kfp.add_run()
    assert main(["status", run_id, "--json", *flags(kfp)]) == 0
    said = json.loads(capsys.readouterr().out)
    url = f"{kfp.url}/#/runs/details/{run_id}"
    assert said == {"run_id": run_id, "url": url, "state": "PENDING", "steps": []}


def test_status_says_what_a_step_waits_for(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("image_missing")
    kfp.workflows[run["run_id"]] = recorded_workflow("image_missing")
    assert status(kfp, run) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith('train waits: ImagePullBackOff: Back-off pulling image "local/absent:9"')


def test_status_says_where_to_look_where_the_old_api_is_gone(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    kfp.has_old_api = False
    run = recorded("image_missing")
    assert status(kfp, run) == 0
    look = f"`kubectl describe pods --namespace kubeflow --selector pipeline/runid={run['run_id']}`"
    assert look in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("command", ["status", "logs"])
@pytest.mark.parametrize("run_id", ["no-such-run", "../pipelines", "a/b", "?"])
def test_an_unknown_run_is_said(
    command: str, run_id: str, kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, run_id, *flags(kfp)]) == 2
    said = capsys.readouterr()
    assert run_id in said.err
    assert said.out == ""


def test_an_unavailable_host_is_said(kfp: KfpServer, capsys: pytest.CaptureFixture[str]) -> None:
    kfp.failures = [503]
    assert main(["status", kfp.add_run(), *flags(kfp)]) == 1
    assert "503" in capsys.readouterr().err


class Followed:
    """A run that is followed while a minute passes between two answers."""

    def __init__(self, kfp: KfpServer, caplog: pytest.LogCaptureFixture) -> None:
        self.kfp, self.caplog = kfp, caplog
        caplog.set_level(logging.INFO)

    def to_its_end(
        self, *progress: dict[str, Any], start_timeout: float | None = None
    ) -> list[str]:
        self.kfp.progress = list(progress)
        run_id = self.kfp.add_run()
        if self.workflow is not None:
            self.kfp.workflows[run_id] = self.workflow
        minutes = itertools.count(step=30)  # two questions for the time in each round
        given = type("Given", (), {"host": self.kfp.url, "token_file": None})
        given.namespace, given.ca_cert = "team", None  # type: ignore[attr-defined]
        clock = lambda: float(next(minutes))  # noqa: E731
        follow(connect(given), run_id, start_timeout, sleep=self.between, clock=clock)  # type: ignore[arg-type]
        return self.lines

    workflow: dict[str, Any] | None = None
    changes: tuple[Any, ...] = ()

    def between(self, seconds: float) -> None:
        if self.changes:
            change, *self.changes = self.changes  # type: ignore[assignment]
            change()

    @property
    def lines(self) -> list[str]:
        return [" ".join(record.getMessage().split()) for record in self.caplog.records]


@pytest.fixture
def followed(kfp: KfpServer, caplog: pytest.LogCaptureFixture) -> Followed:
    return Followed(kfp, caplog)


def test_following_says_each_change_once(followed: Followed) -> None:
    lines = followed.to_its_end(recorded("running"), recorded("running"), recorded("succeeded"))
    assert sum("SUCCEEDED collect" in line for line in lines) == 1
    assert sum("RUNNING train" in line for line in lines) == 1
    assert lines.index("SUCCEEDED train 20 s") < lines.index("SUCCEEDED publish 20 s")
    assert not any(word in line for line in lines for word in INSIDES)
    assert len(lines) == 4 + 5 + 1


def test_following_two_sources_of_one_author_says_each_change_once(followed: Followed) -> None:
    under_way = two_sources_of_ann("RUNNING", "SUCCEEDED")
    ended = {**two_sources_of_ann("SUCCEEDED", "SUCCEEDED"), "state": "SUCCEEDED"}
    lines = followed.to_its_end(under_way, under_way, under_way, ended)
    assert [" ".join(line.split()[:3]) for line in lines[:-1]] == [
        "RUNNING collect @ann",
        "SUCCEEDED collect @ann",
        "SUCCEEDED collect @ann",
    ]


def test_a_waiting_step_says_for_what_and_again_when_it_changes(followed: Followed) -> None:
    followed.workflow = recorded_workflow("image_missing")
    node = followed.workflow["status"]["nodes"]["persona-qbvm7-971830882"]

    def change() -> None:
        node["message"] = "Unschedulable: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu."

    followed.changes = (lambda: None, change)
    waiting = recorded("image_missing")
    lines = followed.to_its_end(waiting, waiting, waiting, waiting, recorded("succeeded"))
    waits = [line for line in lines if " waits" in line]
    assert len(waits) == 2
    assert waits[0].startswith("train waits: ImagePullBackOff: ")
    assert waits[1].startswith("train waits: Unschedulable: 0/3 nodes are available")


def test_where_the_old_api_is_gone_it_is_said_after_two_minutes_where_to_look(
    followed: Followed,
) -> None:
    followed.kfp.has_old_api = False
    waiting = recorded("image_missing")
    lines = followed.to_its_end(*[waiting] * 9, recorded("succeeded"))
    (said,) = [line for line in lines if "waited" in line]
    assert said.startswith("train has waited for 2 min")
    assert "kubectl describe pods --namespace team --selector pipeline/runid=" in said


def test_a_pod_that_is_being_made_for_long_is_said(followed: Followed) -> None:
    followed.workflow = recorded_workflow("image_missing")
    followed.workflow["status"]["nodes"]["persona-qbvm7-971830882"]["message"] = "PodInitializing"
    lines = followed.to_its_end(*[recorded("image_missing")] * 9, recorded("succeeded"))
    assert sum("kubectl describe" in line for line in lines) == 1


@pytest.mark.parametrize("has_old_api", [True, False])
def test_a_step_that_does_not_start_in_time_is_given_up(
    has_old_api: bool, followed: Followed
) -> None:
    followed.kfp.has_old_api = has_old_api
    followed.workflow = recorded_workflow("image_missing")
    with pytest.raises(WaitedTooLongError, match="^train did not start within --start-timeout"):
        followed.to_its_end(recorded("image_missing"), start_timeout=300)


@pytest.mark.parametrize(
    "group",
    ["w(0).root", f"{GROUP}.exit-handler-1", f"{GROUP}.for-loop-2(0).iteration"],
)
def test_a_group_that_waits_is_the_run(
    group: str, kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    node = {"type": "Pod", "phase": "Pending", "message": "Unschedulable: 0/1 nodes"}
    kfp.workflows["run-1"] = {"status": {"nodes": {"x": {**node, "name": f"{group}-driver(0)"}}}}
    assert status(kfp, {"run_id": "run-1", **made_run({f"{group}-driver(0)": "PENDING"})}) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "the run waits: Unschedulable: 0/1 nodes"


@pytest.mark.parametrize("workflow", [None, {"status": {"phase": "Pending"}}])
def test_a_run_that_nobody_begins_is_said_and_given_up(
    workflow: dict[str, Any] | None, followed: Followed
) -> None:
    followed.workflow = workflow
    with pytest.raises(WaitedTooLongError, match="^the run did not start within --start-timeout"):
        followed.to_its_end({"state": "PENDING"}, start_timeout=300)
    (said,) = followed.lines
    assert said.startswith("the run has waited for 2 min")
    assert "kubectl describe workflows" in said, "it has no pod"


def test_what_holds_a_whole_run_back_is_said(followed: Followed) -> None:
    message = "Workflow processing has been postponed because too many workflows are running"
    followed.workflow = {"status": {"phase": "Pending", "message": message}}
    lines = followed.to_its_end(*[{"state": "PENDING"}] * 3, recorded("succeeded"))
    assert lines[0] == f"the run waits: {message}"
    assert sum("waits" in line for line in lines) == 1


def test_nodes_that_argo_keeps_elsewhere_are_as_an_old_api_that_is_gone(
    followed: Followed,
) -> None:
    followed.workflow = {"status": {"phase": "Running", "compressedNodes": "H4sIAAAA"}}
    lines = followed.to_its_end(*[recorded("image_missing")] * 9, recorded("succeeded"))
    (said,) = [line for line in lines if "waited" in line]
    assert said.startswith("train has waited for 2 min")
