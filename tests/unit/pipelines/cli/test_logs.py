"""`logs`: what the steps wrote, from the store, else from the host."""

import json
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

POD = "persona-qs74x-1338363403"
REFUSED = "of @x 0 of 1 posts remain (1 short)"


def logs(kfp: KfpServer, run: dict[str, Any], *more: str) -> int:
    kfp.runs[run["run_id"]] = run
    return main(["logs", "--host", kfp.url, run["run_id"], *more])


def keep(place: Path, run: dict[str, Any], step: str, text: str, name: str = "e/0") -> None:
    execution, _, attempt = name.partition("/")
    folder = place / "persona" / run["run_id"] / step / execution
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"executor-logs-{attempt}").write_text(text, encoding="utf-8")


def line(message: str, level: str = "info") -> str:
    said = {"time": "2026-11-28T18:06:52.470+00:00", "level": level, "logger": "x"}
    return json.dumps({**said, "message": message}, ensure_ascii=False) + "\n"


def test_json_lines_are_sentences_with_time_and_level(
    kfp: KfpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("failed_bad_input", f"file://{tmp_path}")
    keep(tmp_path, run, "prepare", line("cleaned 3 posts of @zoë") + "a line of a library's\n")
    logs(kfp, run, "prepare")
    said = capsys.readouterr().out
    assert said == (
        "=== prepare (FAILED)\n"
        "2026-11-28 18:06:52  INFO     cleaned 3 posts of @zoë\n"
        "a line of a library's\n"
    )


def test_lines_are_given_as_they_are_if_asked(
    kfp: KfpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("failed_bad_input", f"file://{tmp_path}")
    own = own_lines(recorded_log())
    keep(tmp_path, run, "prepare", own)
    kfp.logs[POD] = recorded_log()
    assert logs(kfp, run, "prepare", "--json") == 2
    said = capsys.readouterr()
    assert said.out == own
    assert said.err.splitlines()[-1].startswith(f"error: prepare failed: {REFUSED}")


def test_logs_end_with_the_failing_step_and_its_sentence(
    kfp: KfpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("failed_bad_input", f"file://{tmp_path}")
    keep(tmp_path, run, "prepare", own_lines(recorded_log()))
    kfp.logs[POD] = recorded_log()
    assert logs(kfp, run) == 2
    said = capsys.readouterr()
    assert f"ERROR    error: {REFUSED}" in said.out
    assert "=== fetch (SUCCEEDED)\n(fetch was reused" in said.out
    assert "=== train" not in said.out, "it never began"
    assert said.err.splitlines()[-1].startswith(f"error: prepare failed: {REFUSED}")


@pytest.mark.parametrize("root", [None, "gs://", "file:///nowhere/at/all"])
def test_where_the_store_does_not_answer_the_host_is_asked(
    root: str | None, kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("failed_bad_input", root)
    kfp.logs[POD] = recorded_log()
    assert logs(kfp, run, "prepare") == 2
    said = capsys.readouterr()
    assert "failed to execute component: exit status 2" in said.out
    assert "prepare failed" in said.err


def test_a_running_step_without_a_log_says_how_to_see_it(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("running")
    assert logs(kfp, run, "train", "--namespace", "team") == 0
    said = capsys.readouterr().out
    assert f"kubectl logs --namespace team --selector pipeline/runid={run['run_id']}," in said
    assert "error_message" not in said


def test_a_step_that_the_run_does_not_have_is_refused(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert logs(kfp, recorded("succeeded"), "trian") == 2
    said = capsys.readouterr()
    assert "no step 'trian'" in said.err
    assert "train" in said.err
    assert said.out == ""


def test_attempts_and_authors_each_have_their_own_log(
    kfp: KfpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = [{"table": "s3://b/a.csv", "author": "ann"}, {"handle": "bob"}]
    nodes = {
        f"{GROUP}.for-loop-2(0).iteration-iterations({n}:{n})(0).iteration-item(0)"
        ".collect(0).executor(0)": "SUCCEEDED"
        for n in range(2)
    }
    made = made_run(
        nodes,
        "SUCCEEDED",
        runtime_config={"parameters": {"sources": sources}, "pipeline_root": f"file://{tmp_path}"},
    )
    run = {"run_id": "run-1", **made}
    bob = line("by hand: python -m components.collect --handle bob --dataset-out /a")
    keep(tmp_path, run, "collect", bob + line("bob's"), "e1/0")
    ann = line("by hand: --table s3://b/a.csv --author ann")
    keep(tmp_path, run, "collect", ann + line("lost"), "e2/0")
    keep(tmp_path, run, "collect", ann + line("ann's"), "e2/1")
    assert logs(kfp, run) == 0
    of_ann, of_bob = capsys.readouterr().out.split("=== collect @")[1:]
    assert of_ann.startswith("ann")
    assert "lost" in of_ann
    assert "ann's" in of_ann
    assert "bob's" not in of_ann
    assert "bob's" in of_bob
    assert "ann's" not in of_bob


def test_following_writes_what_is_new_until_the_end(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"{GROUP}.train(0).executor(0)"
    pod = node_id(name)
    texts = ["one\n", "one\ntw", "one\ntwo\nthree"]

    class Growing(dict[str, str]):
        def __getitem__(self, key: str) -> str:
            return texts.pop(0) if len(texts) > 1 else texts[0]

    kfp.logs = Growing({pod: ""})
    running, ended = made_run({name: "RUNNING"}), made_run({name: "SUCCEEDED"}, "SUCCEEDED")
    kfp.progress = [running, running, running, ended]
    run_id = kfp.add_run()
    assert main(["logs", run_id, "train", "--follow", "--host", kfp.url]) == 0
    assert capsys.readouterr().out == "=== train (RUNNING)\none\ntwo\nthree\n"


def test_an_authors_log_is_not_anothers_whose_name_begins_alike(
    kfp: KfpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("ann", "anna")
    nodes = {
        f"{GROUP}.for-loop-2(0).iteration-iterations({n}:{n})(0).iteration-item(0)"
        ".collect(0).executor(0)": "SUCCEEDED"
        for n in range(2)
    }
    config = {"parameters": {"sources": [{"handle": name} for name in names]}}
    config["pipeline_root"] = f"file://{tmp_path}"  # type: ignore[assignment]
    run = {"run_id": "run-1", **made_run(nodes, "SUCCEEDED", runtime_config=config)}
    for name in names:
        by_hand = line(f"by hand: python -m components.collect --handle {name}")
        keep(tmp_path, run, "collect", by_hand + line(f"posts of {name}."), f"e-{name}/0")
    assert logs(kfp, run) == 0
    of_ann, of_anna = capsys.readouterr().out.split("=== collect @")[1:]
    assert "posts of ann." in of_ann
    assert "posts of anna." not in of_ann
    assert "posts of anna." in of_anna


def test_the_logs_of_a_scheduled_run_are_found(
    kfp: KfpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = json.loads(
        json.dumps(recorded("succeeded", f"file://{tmp_path}")).replace(
            "persona-85btk", "personaofann7xkq2-1-391648201"
        )
    )
    keep(tmp_path, run, "train", line("trained"))
    assert logs(kfp, run, "train") == 0
    assert capsys.readouterr().out.endswith("INFO     trained\n")


def test_logs_of_a_run_whose_step_waits_say_for_what(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("image_missing")
    kfp.workflows[run["run_id"]] = recorded_workflow("image_missing")
    assert logs(kfp, run, "train") == 0
    assert capsys.readouterr().err.startswith("train waits: ImagePullBackOff: ")


def test_what_a_step_wrote_does_not_reach_the_terminal_as_controls(
    kfp: KfpServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded("succeeded", f"file://{tmp_path}")
    keep(tmp_path, run, "train", line("\x1b[2Jhello"))
    assert logs(kfp, run, "train") == 0
    assert "INFO     \\x1b[2Jhello" in capsys.readouterr().out


@pytest.mark.parametrize(
    "body",
    [
        b'{"error_message":"no log"}',
        b'{"error_details":"of it","error_message":"no log"}\n',
        b'{ "error_message": null }',
    ],
)
def test_an_answer_that_there_is_no_log_is_none(
    body: bytes, kfp: KfpServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(KfpServer, "log", lambda *_: body.decode())
    assert logs(kfp, recorded("succeeded"), "train") == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["(no log of train can be read from here)"]
