import json
from pathlib import Path
from typing import Any

import pytest
from support.kfp_runs import own_lines, recorded, recorded_log
from support.kfp_server import KfpServer
from support.pods import pods

from components.contracts.images import Images
from pipelines.cli.command import main

ROOT = "s3://bucket/personas"


def words(kfp: KfpServer, images: Path, *more: str, command: str = "submit") -> list[str]:
    return [
        command,
        *("--host", kfp.url, "--images", str(images), "--pipeline-root", ROOT),
        *("--table", "gs://posts/ann.csv", "--author", "ann", "--consent", "written-consent"),
        *more,
    ]


def only(documents: dict[str, Any]) -> dict[str, Any]:
    (document,) = documents.values()
    return dict(document)


def spec_of(kfp: KfpServer) -> dict[str, Any]:
    """The pipeline that the only run runs."""
    version = only(kfp.runs)["pipeline_version_reference"]["pipeline_version_id"]
    return dict(kfp.versions[version]["pipeline_spec"])


def steps(*states: tuple[str, str]) -> dict[str, Any]:
    details = [
        {
            "display_name": name,
            "state": state,
            "task_id": name,
            "start_time": f"2026-01-0{n}T00:00:00Z",
        }
        for n, (name, state) in enumerate(states, 1)
    ]
    return {"task_details": details}


def test_a_run_is_started_and_its_url_printed(
    kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(kfp, images)) == 0
    run = only(kfp.runs)
    assert capsys.readouterr().out == f"{kfp.url}/#/runs/details/{run['run_id']}\n"
    given = run["runtime_config"]
    assert given["pipeline_root"] == ROOT
    assert given["parameters"] == {
        "sources": [{"table": "gs://posts/ann.csv", "author": "ann", "consent": "written-consent"}],
        "registry": f"{ROOT}/registry",
        "name": "",
        "base_model": "openai-community/gpt2",
        "preset": "default",
        "seed": 0,
        "no_gate": False,
        "checkpoint_uri": f"{ROOT}/checkpoints",
        "prepare_options": {},
        "train_options": {},
        "evaluate_options": {},
        "publish_options": {},
    }
    assert "@sha256:" in json.dumps(spec_of(kfp))


@pytest.mark.parametrize("command", ["submit", "schedule"])
@pytest.mark.parametrize(("more", "taken"), [((), 18), (("--handle", "bob"), 23)])
def test_one_source_is_run_without_a_loop(
    more: tuple[str, ...], taken: int, command: str, kfp: KfpServer, images: Path
) -> None:
    when = ("--cron", "30 4 * * *") if command == "schedule" else ()
    assert main(words(kfp, images, *more, *when, command=command)) == 0
    spec = list(kfp.versions.values())[-1]["pipeline_spec"]
    assert pods(spec, items=1 + len(more) // 2) == taken


def test_everything_that_was_said_reaches_the_run(kfp: KfpServer, images: Path) -> None:
    more = [
        "--name",
        "ann-bot",
        "--base-model",
        "gs://m/gpt2",
        "--preset",
        "classic",
        "--seed",
        "7",
    ]
    more += ["--no-gate", "--registry", "gs://r/personas", "--epochs", "2", "--samples", "50"]
    more += ["--checkpoint-uri", "gs://c/personas"]
    more += ["--handle", "bob", "--since-id", "5", "--service-account", "team", "--gpus", "3"]
    more += ["--gguf", "q8_0", "--license", "MIT"]
    assert main(words(kfp, images, *more)) == 0
    run = only(kfp.runs)
    given = run["runtime_config"]["parameters"]
    assert given["sources"][1] == {"handle": "bob", "consent": "written-consent", "since_id": "5"}
    assert {name: given[name] for name in ("name", "base_model", "preset", "seed", "no_gate")} == {
        "name": "ann-bot",
        "base_model": "gs://m/gpt2",
        "preset": "classic",
        "seed": 7,
        "no_gate": True,
    }
    assert given["registry"] == "gs://r/personas"
    assert given["checkpoint_uri"] == "gs://c/personas"
    assert (given["train_options"], given["evaluate_options"]) == ({"epochs": 2.0}, {"samples": 50})
    assert given["publish_options"] == {"gguf": "q8_0", "license": "MIT"}
    assert run["service_account"] == "team"
    train = spec_of(kfp)["deploymentSpec"]["executors"]["exec-train"]["container"]
    assert train["resources"]["accelerator"]["count"] == "3"


def test_long_ids_and_the_largest_seed_arrive_as_they_are(kfp: KfpServer, images: Path) -> None:
    largest = 2**53 - 1
    more = ["--handle", "bob", "--since-id", "1588223344556677889", "--seed", str(largest)]
    assert main(words(kfp, images, *more)) == 0
    given = only(kfp.runs)["runtime_config"]["parameters"]
    assert given["sources"][1]["since_id"] == "1588223344556677889"
    assert given["seed"] == largest


def test_accounts_reach_the_run_each_with_its_own_flags(kfp: KfpServer, images: Path) -> None:
    more = ["--mastodon", "ann@social.example", "--bluesky", "bo.example.com", "--handle", "cy"]
    more += ["--since-id", "5", "--max-wait", "60", "--bluesky-url", "https://bsky.example.com"]
    assert main(words(kfp, images, *more)) == 0
    shared = {"consent": "written-consent", "max_wait": "60"}
    assert only(kfp.runs)["runtime_config"]["parameters"]["sources"][1:] == [
        {"handle": "cy", "since_id": "5", **shared},
        {"bluesky": "bo.example.com", "bluesky_url": "https://bsky.example.com", **shared},
        {"mastodon": "ann@social.example", **shared},
    ]
    assert "@ann@social.example" in only(kfp.runs)["display_name"]
    collect = next(
        tasks["collect"]
        for part in spec_of(kfp)["components"].values()
        if "collect" in (tasks := part.get("dag", {}).get("tasks", {}))
    )
    assert not collect.get("cachingOptions"), "an account's posts change"


def test_the_same_package_is_one_version_and_another_is_another(
    kfp: KfpServer, images: Path
) -> None:
    for gpus in ("0", "0", "1"):
        assert main(words(kfp, images, "--gpus", gpus)) == 0
    assert len(kfp.pipelines) == 1
    used = [run["pipeline_version_reference"]["pipeline_version_id"] for run in kfp.runs.values()]
    assert used[0] == used[1] != used[2]
    assert len(kfp.experiments) == 1


def test_json_is_the_only_output(
    kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(kfp, images, "--json")) == 0
    run_id = only(kfp.runs)["run_id"]
    assert json.loads(capsys.readouterr().out) == {
        "run_id": run_id,
        "url": f"{kfp.url}/#/runs/details/{run_id}",
        "state": "PENDING",
    }


@pytest.mark.parametrize(
    ("end", "code"), [("SUCCEEDED", 0), ("FAILED", 1), ("CANCELED", 1), ("SKIPPED", 1)]
)
def test_waiting_says_each_step_and_ends_as_the_run_does(
    end: str, code: int, kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kfp.failures = [503, 503]
    kfp.progress = [
        {"state": "RUNNING", "run_details": steps(("collect", "RUNNING"))},
        {"state": "RUNNING", "run_details": steps(("collect", "SUCCEEDED"), ("train", "RUNNING"))},
        {"state": end, "run_details": steps(("collect", "SUCCEEDED"), ("train", end))},
    ]
    assert main(words(kfp, images, "--wait", "--json")) == code
    said = capsys.readouterr()
    assert json.loads(said.out)["state"] == end
    lines = [" ".join(line.split()) for line in said.err.splitlines()]
    for word in ("RUNNING collect", "SUCCEEDED collect", "RUNNING train", f"{end} train"):
        assert sum(line.startswith(word) for line in lines) == 1
    assert "503" in said.err


def test_waiting_ends_with_the_failing_step_and_its_sentence(
    kfp: KfpServer, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kfp.progress = [recorded("failed_bad_input", f"file://{tmp_path}")]
    kfp.logs["persona-qs74x-1338363403"] = recorded_log()

    def keep(run_id: str) -> None:
        folder = tmp_path / "persona" / run_id / "prepare" / "execution"
        folder.mkdir(parents=True)
        (folder / "executor-logs-0").write_text(own_lines(recorded_log()))

    kfp.on_new_run = keep
    assert main(words(kfp, images, "--wait")) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "error: prepare failed: of @x 0 of 1 posts remain (1 short): at least 3 posts of each "
        "author are needed; collect more"
    )


def test_a_terminal_has_a_line_for_each_step(
    kfp: KfpServer,
    images: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    kfp.progress = [recorded("running"), recorded("succeeded")]
    assert main(words(kfp, images, "--wait")) == 0
    said = capsys.readouterr().err
    assert "deploy" in said
    assert "executor" not in said


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan", "inf", ""])
def test_a_start_timeout_is_a_number_of_seconds(seconds: str, kfp: KfpServer, images: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words(kfp, images, "--wait", f"--start-timeout={seconds}"))


def test_a_start_timeout_without_waiting_is_refused(kfp: KfpServer, images: Path) -> None:
    assert main(words(kfp, images, "--start-timeout", "60")) == 2
    assert not kfp.runs


def test_waiting_is_given_up_after_a_long_silence(
    kfp: KfpServer,
    images: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("pipelines.kubeflow.following.LONGEST_SILENCE", -1.0)
    kfp.failures = [503] * 3
    assert main(words(kfp, images, "--wait")) == 1
    assert "503" in capsys.readouterr().err


def test_a_tag_is_refused_unless_it_is_allowed(
    kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = Images.read(images)
    bare = {name: one.model_copy(update={"digest": None}) for name, one in known.images.items()}
    Images(images=bare).write(images)
    assert main(words(kfp, images)) == 2
    assert "--allow-tags" in capsys.readouterr().err
    assert not kfp.runs
    assert main(words(kfp, images, "--allow-tags")) == 0
    assert "registry.test/train:1" in json.dumps(spec_of(kfp))


def test_allowed_tags_name_every_image_by_its_tag(kfp: KfpServer, images: Path) -> None:
    assert main(words(kfp, images, "--allow-tags")) == 0
    assert "@sha256:" not in json.dumps(spec_of(kfp))


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (["--pipeline-root", "out/here"], "--pipeline-root"),
        (["--registry", "/srv/registry"], "--registry"),
        (["--checkpoint-uri", "/srv/checkpoints"], "--checkpoint-uri"),
        (["--base-model", "./my-model"], "--base-model"),
        (["--base-model", "/"], "--base-model"),
        (["--name", "../x"], "persona"),
        (["--host", "kubeflow.test"], "--host"),
        (["--archive", "missing.zip"], "missing.zip"),
        (["--format", "nonsense"], "format"),
        (["--epochs", "many"], "--epochs"),
        (["--device", "cpu"], "--gpus 0"),
        (["--device", "cuda", "--gpus", "0"], "--gpus 1"),
        (["--gpus", "65"], "--gpus"),
        (["--nodes", "65"], "--nodes"),
        (["--node-selector", "a=1", "--node-selector", "a=2"], "--node-selector"),
        (["--seed", "9007199254740993"], "--seed"),
        (["--samples", "9007199254740993"], "--samples"),
        (["--max-seconds", "1e16"], "--max-seconds"),
        (["--token-file", "/nowhere/token"], "--token-file"),
        (["--ca-cert", "/nowhere/ca.pem"], "--ca-cert"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(
    more: list[str], word: str, kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(kfp, images, *more)) == 2
    assert word in capsys.readouterr().err
    assert not kfp.pipelines


@pytest.mark.parametrize("number", ["-1", "1.5", "one", ""])
def test_gpus_are_a_whole_number(number: str, kfp: KfpServer, images: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words(kfp, images, f"--gpus={number}"))


def test_a_host_that_is_not_there_is_named(
    images: Path, kfp: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    kfp.url = "http://127.0.0.1:9"
    assert main(words(kfp, images)) == 1
    assert "cannot reach http://127.0.0.1:9" in capsys.readouterr().err


def test_a_token_is_sent_read_anew_and_never_shown(
    kfp: KfpServer, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kfp.token = "open-sesame"
    (tmp_path / "token").write_text("wrong-sesame\n")
    assert main(words(kfp, images, "--token-file", str(tmp_path / "token"))) == 2
    assert main(words(kfp, images)) == 2
    (tmp_path / "token").write_text("open-sesame\n")
    assert main(words(kfp, images, "--token-file", str(tmp_path / "token"))) == 0
    said = capsys.readouterr()
    assert "--token-file" in said.err
    assert "sesame" not in said.out + said.err


def test_a_schedule_takes_five_fields_or_six(
    kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for cron in ("0 30 4 * * MON", "30 4 * * MON"):
        assert main(words(kfp, images, "--cron", cron, command="schedule")) == 0
    made = list(kfp.recurring.values())
    assert [one["trigger"]["cron_schedule"]["cron"] for one in made] == ["0 30 4 * * MON"] * 2
    assert made[0]["runtime_config"]["parameters"]["registry"] == f"{ROOT}/registry"
    assert made[0]["mode"] == "ENABLE"
    assert made[0]["recurring_run_id"] in capsys.readouterr().out
    assert not kfp.runs


def forgetting(kfp: KfpServer, images: Path, *more: str) -> list[str]:
    where = ("--host", kfp.url, "--images", str(images), "--pipeline-root", ROOT)
    return ["schedule", "--pipeline", "forget", *where, "--cron", "0 3 * * *", *more]


def test_forgetting_pushes_nothing(
    kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(forgetting(kfp, images, "--accept-cost", "--push-to", "jane/bot")) == 2
    assert "--push-to: the pipeline forget pushes nothing" in capsys.readouterr().err


def test_forgetting_what_is_gone_is_scheduled(kfp: KfpServer, images: Path) -> None:
    assert main(forgetting(kfp, images, "--accept-cost")) == 0
    made = only(kfp.recurring)
    assert made["runtime_config"]["parameters"] == {
        "registry": f"{ROOT}/registry",
        "artifacts": ROOT,
        "options": {"gone": True, "accept_cost": True},
    }
    spec = list(kfp.versions.values())[-1]["pipeline_spec"]
    assert spec["pipelineInfo"]["name"] == "forget"
    assert only(kfp.pipelines)["display_name"] == "huggingtweets-forget"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--table", "gs://posts/ann.csv", "--author", "ann"), "leave sources out"),
        (("--artifacts", "out"), "not a place that pods reach"),
    ],
)
def test_what_is_not_for_forgetting_is_refused(
    more: tuple[str, ...],
    sentence: str,
    kfp: KfpServer,
    images: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(forgetting(kfp, images, *more)) == 2
    assert sentence in capsys.readouterr().err
    assert not kfp.recurring


def test_artifacts_are_for_forgetting_alone(
    kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(kfp, images, "--artifacts", ROOT)) == 2
    assert "--artifacts is for --pipeline forget" in capsys.readouterr().err


def test_a_schedule_as_json(
    kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(kfp, images, "--cron", "30 4 * * *", "--json", command="schedule")) == 0
    schedule_id = only(kfp.recurring)["recurring_run_id"]
    url = f"{kfp.url}/#/recurringrun/details/{schedule_id}"
    said = json.loads(capsys.readouterr().out)
    assert said == {"recurring_run_id": schedule_id, "url": url}


@pytest.mark.parametrize(
    "cron",
    [
        *("", "* * * *", "* * * * * * *", "60 * * * * *", "0 0 24 * * *", "0 0 0 0 * *"),
        *("0 0 0 1 13 *", "0 0 0 1 1 7", "0 0 0 1 FOO *", "0 */0 * * * *", "0 5-2 * * * *"),
        *("0 1- * * * *", "0 , * * * *", "@daily", "0 0 0 L * *"),
    ],
)
def test_no_cron_is_refused_here(
    cron: str, kfp: KfpServer, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(words(kfp, images, f"--cron={cron}", command="schedule"))
    except SystemExit as stop:
        code = int(str(stop.code))
    assert code == 2
    assert "--cron" in capsys.readouterr().err
    assert not kfp.recurring
