"""`logs`: what the steps wrote, from the store, else from the host."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.kfp_runs import GROUP, made_run, node_id, own_lines, recorded, recorded_log
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
    keep(tmp_path, run, "collect", line("by hand: --handle bob") + line("bob's"), "e1/0")
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
