import json
from typing import Any

import pytest
from support.kfp_server import KfpServer

from pipelines.command import main


def argo_run(run_id: str) -> dict[str, Any]:
    """A run as the API server tells it: the nodes of the workflow, each with its children."""

    def task(name: str, pod: str, state: str, *children: str, **more: Any) -> dict[str, Any]:
        return {
            "run_id": run_id,
            "task_id": pod,
            "display_name": name,
            "state": state,
            "pod_name": pod,
            "child_tasks": [{"pod_name": child} for child in children],
            **more,
        }

    return {
        "state": "FAILED",
        "run_details": {
            "task_details": [
                task("root", "n0", "FAILED", "n1", "n2", "n4", start_time="2026-01-01T00:00:00Z"),
                task("collect-driver", "n1", "SUCCEEDED", start_time="2026-01-01T00:00:01Z"),
                task("collect", "n2", "SUCCEEDED", "n3", start_time="2026-01-01T00:00:02Z"),
                task("executor", "n3", "SUCCEEDED", start_time="2026-01-01T00:00:03Z"),
                task(
                    *("train-driver", "n4", "FAILED"),
                    start_time="2026-01-01T00:00:04Z",
                    error={"code": 9, "message": "no such bucket"},
                ),
            ]
        },
    }


def flags(kfp: KfpServer) -> list[str]:
    return ["--host", kfp.url]


def test_status_names_each_step(kfp: KfpServer, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = kfp.add_run()
    kfp.progress = [argo_run(run_id)]
    assert main(["status", run_id, *flags(kfp)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["run", f"{run_id}:", "FAILED"],
        ["FAILED", "root"],
        ["SUCCEEDED", "collect"],
        ["FAILED", "train-driver:", "no", "such", "bucket"],
        [f"{kfp.url}/#/runs/details/{run_id}"],
    ]


def test_status_as_json(kfp: KfpServer, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = kfp.add_run()
    assert main(["status", run_id, "--json", *flags(kfp)]) == 0
    said = json.loads(capsys.readouterr().out)
    url = f"{kfp.url}/#/runs/details/{run_id}"
    assert said == {"run_id": run_id, "url": url, "state": "PENDING", "steps": []}


def test_logs_are_those_of_the_pods_under_the_steps_name(
    kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = kfp.add_run()
    kfp.progress = [argo_run(run_id)]
    kfp.logs[run_id, "n3"] = "collected 12 posts of @zoë\n"
    assert main(["logs", run_id, *flags(kfp)]) == 0
    said = capsys.readouterr().out
    assert "=== collect (SUCCEEDED)\ncollected 12 posts of @zoë\n" in said
    assert "=== train-driver (FAILED)\n(no log: " in said


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
