"""The compiled pipelines and components: the agreed ones, and nothing in them that breaks later.

`python tests/contract/test_pipelines.py` accepts a change.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kfp import compiler, dsl
from support.packages import Document, dags, documents, problems
from support.pods import pods

from components.contracts.images import IMAGE_OF, Image, Images
from pipelines.cli.command import main
from pipelines.fleet.worker import MOST_STARTS

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "pipelines"
STAGES = sorted(IMAGE_OF)
STEPS = [stage for stage in STAGES if stage != "push"]
"""Of a pipeline that was not asked to push."""
TARGETS = ("kfp", "vertex")
SOURCES = ("one", "several")
IMAGES = Images(
    images={
        name: Image(name=f"registry.test/huggingtweets/{name}", tag="1", digest=f"sha256:{n:064x}")
        for n, name in enumerate(("cpu", "train", "serve", "serve-demo"))
    }
)


def compiled(folder: Path, target: str, *more: str) -> list[Document]:
    images, package = folder / "images.json", folder / f"{target}.yaml"
    IMAGES.write(images)
    words = ["compile", "--target", target, "--images", str(images), "--output", str(package)]
    assert main([*words, *more]) == 0
    return documents(package)


def component_yaml(stage: str, package: Path) -> list[Document]:
    module = __import__(f"components.{stage}.component", fromlist=["component"])
    (component,) = (
        value
        for value in vars(module).values()
        if isinstance(value, dsl.base_component.BaseComponent)
    )
    compiler.Compiler().compile(component, str(package))
    return documents(package)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("sources", SOURCES)
def test_the_pipeline_is_the_agreed_one(target: str, sources: str, tmp_path: Path) -> None:
    agreed = documents(golden(sources, target))
    assert compiled(tmp_path, target, "--sources", sources) == agreed


SWEEP = """
method: grid
parameters:
  learning_rate: {values: [0.0001, 0.0002]}
  method: {values: [full, lora]}
"""
OTHERS = {"refresh": [], "fleet": ["--shards", "12"], "sweep": ["--gpus", "1"]}
"""The pipelines beside `persona`, and what they are compiled with."""


def compiled_other(folder: Path, name: str, target: str = "kfp") -> list[Document]:
    (folder / "sweep.yaml").write_text(SWEEP)
    more = ["--sweep", str(folder / "sweep.yaml")] if name == "sweep" else []
    return compiled(folder, target, "--pipeline", name, *OTHERS[name], *more)


@pytest.mark.parametrize("name", OTHERS)
def test_the_other_pipelines_are_the_agreed_ones(name: str, tmp_path: Path) -> None:
    package = compiled_other(tmp_path, name)
    assert package == documents(GOLDEN / f"{name}-kfp.yaml")
    assert problems(package[0]) == []
    assert problems(compiled_other(tmp_path, name, "vertex")[0]) == []


def test_each_shard_of_a_fleet_is_a_task_that_is_tried_again(tmp_path: Path) -> None:
    spec = compiled_other(tmp_path, "fleet")[0]
    tasks = spec["root"]["dag"]["tasks"]
    assert len(tasks) == 12
    assert pods(spec) == 2 * 12 + 1
    for task in tasks.values():
        assert "iterator" not in str(task).lower(), "Kubeflow tries nothing again in a loop"
        assert task["retryPolicy"]["maxRetryCount"] > MOST_STARTS, "the persona is given up first"
        assert not task["cachingOptions"].get("enableCache")
    numbers = {
        task["inputs"]["parameters"]["number"]["runtimeValue"]["constant"]
        for task in tasks.values()
    }
    assert numbers == set(range(1, 13))


def test_a_refresh_costs_as_few_pods_as_can_be_and_may_ask_the_serving(tmp_path: Path) -> None:
    spec, platform = compiled_other(tmp_path, "refresh")
    assert pods(spec) == 3
    pod = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-refresh"]
    assert pod["podMetadata"]["labels"] == {"huggingtweets/role": "deploy"}


def test_the_trials_of_a_sweep_stand_beside_one_another(tmp_path: Path) -> None:
    spec = compiled_other(tmp_path, "sweep")[0]
    tasks = spec["root"]["dag"]["tasks"]
    trained = [task for name, task in tasks.items() if name.startswith("train")]
    chosen = [
        task["inputs"]["parameters"]["options"]["runtimeValue"]["constant"] for task in trained
    ]
    assert [(one["learning_rate"], one["method"]) for one in chosen] == [
        (0.0001, "full"),
        (0.0001, "lora"),
        (0.0002, "full"),
        (0.0002, "lora"),
    ]
    assert sum(name.startswith("fetch") for name in tasks) == 1, "the base model is fetched once"
    last = tasks["finish"]
    assert len(last["dependentTasks"]) == 4
    assert last["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"


def test_the_lines_of_the_steps_are_commands_that_there_are(tmp_path: Path) -> None:
    for name, step in (("fleet", "shard"), ("refresh", "refresh"), ("sweep", "score")):
        spec = compiled_other(tmp_path, name)[0]
        line = container(spec, step)
        module = line["command"][2]
        words = [*line["command"][3:], "--help"]
        answer = subprocess.run(
            [sys.executable, "-m", module, *words], cwd=ROOT, capture_output=True, text=True
        )
        assert answer.returncode == 0, answer.stderr
        flags = {word for word in line["args"] if word.startswith("--")}
        for flag in flags - {"--options", "--executor-input"}:
            assert flag in answer.stdout


def golden(sources: str, target: str) -> Path:
    return GOLDEN / f"persona-{'several-' if sources == 'several' else ''}{target}.yaml"


@pytest.mark.parametrize("stage", STAGES)
def test_the_component_beside_the_readme_is_the_compiled_one(stage: str, tmp_path: Path) -> None:
    beside = ROOT / "components" / stage / "component.yaml"
    assert component_yaml(stage, tmp_path / "component.yaml") == documents(beside)


@pytest.mark.parametrize("target", TARGETS)
def test_the_pipeline_that_forgets_is_the_agreed_one(target: str, tmp_path: Path) -> None:
    agreed = documents(GOLDEN / f"forget-{target}.yaml")
    assert compiled(tmp_path, target, "--pipeline", "forget") == agreed
    assert problems(agreed[0]) == []
    assert container(agreed[0], "forget")["image"].startswith("registry.test/huggingtweets/cpu@")


def test_the_component_forget_beside_its_readme_is_the_compiled_one(tmp_path: Path) -> None:
    beside = ROOT / "components/forget/component.yaml"
    assert component_yaml("forget", tmp_path / "component.yaml") == documents(beside)


def test_the_key_of_forgetting_is_with_those_who_hash_and_nobody_else(tmp_path: Path) -> None:
    found = set()
    for more in ([], ["--pipeline", "forget"]):
        pods = compiled(tmp_path, "kfp", *more)[1]["platforms"]["kubernetes"]["deploymentSpec"]
        for name, pod in pods["executors"].items():
            named = {one["envVar"] for secret in pod["secretAsEnv"] for one in secret["keyToEnv"]}
            found |= {name} if "HUGGINGTWEETS_FORGET_KEY" in named else set()
    assert found == {"exec-collect", "exec-prepare", "exec-publish", "exec-forget"}


def test_hashing_changes_nothing(tmp_path: Path) -> None:
    """Beside this process, which hashes by another seed."""
    IMAGES.write(tmp_path / "images.json")
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    words = ["compile", "--images", str(tmp_path / "images.json"), "--output"]
    subprocess.run(
        [sys.executable, "-m", "pipelines.cli.command", *words, str(tmp_path / "new.yaml")],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    assert main([*words, str(tmp_path / "here.yaml")]) == 0
    assert (tmp_path / "new.yaml").read_bytes() == (tmp_path / "here.yaml").read_bytes()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("sources", SOURCES)
@pytest.mark.parametrize("gpus", ["0", "1", "4"])
def test_nothing_is_left_for_the_run_to_stumble_over(
    target: str, sources: str, gpus: str, tmp_path: Path
) -> None:
    spec = compiled(tmp_path, target, "--gpus", gpus, "--sources", sources)[0]
    assert problems(spec) == []


def test_vertex_gets_one_document_and_its_own_accelerator(tmp_path: Path) -> None:
    (spec,) = compiled(tmp_path, "vertex", "--gpus", "2")
    resources = container(spec, "train")["resources"]
    assert resources["accelerator"]["resourceType"] == resources["accelerator"]["type"]
    assert resources["accelerator"]["type"].startswith("NVIDIA_")
    assert resources["accelerator"]["resourceCount"] == "2"


def test_a_gpu_is_asked_for_where_it_is_used_and_nowhere_else(tmp_path: Path) -> None:
    spec, platform = compiled(tmp_path, "kfp")
    accelerators = {
        name: executor["container"]["resources"].get("accelerator", {}).get("resourceCount")
        for name, executor in spec["deploymentSpec"]["executors"].items()
    }
    assert {name for name, count in accelerators.items() if count} == {"exec-train"}
    pods = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert pods["exec-train"]["tolerations"]
    assert "nodeSelector" not in pods["exec-train"], "the limit alone places it"
    assert "/dev/shm" in {mount["mountPath"] for mount in pods["exec-train"]["emptyDirMounts"]}
    assert "tolerations" not in pods["exec-fetch"]


def nodes_of(platform: Document) -> dict[str, tuple[Any, Any]]:
    """The labels and the tolerations of each step."""
    pods = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return {
        name.removeprefix("exec-"): (
            pod.get("nodeSelector", {}).get("labels", {}),
            pod.get("tolerations", []),
        )
        for name, pod in pods.items()
    }


def test_nodes_are_chosen_for_train_or_for_every_step(tmp_path: Path) -> None:
    more = ["--node-selector", "gpu=l4", "--toleration", "spot:NoSchedule"]
    more += ["--all-node-selector", "pool=words", "--all-node-selector", "gpu=none"]
    more += ["--all-toleration", "team=words"]
    nodes = nodes_of(compiled(tmp_path, "kfp", *more)[1])
    everywhere = {"key": "team", "operator": "Equal", "value": "words"}
    labels, tolerations = nodes.pop("train")
    assert labels == {"pool": "words", "gpu": "l4"}
    assert tolerations == [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
        everywhere,
        {"key": "spot", "operator": "Exists", "effect": "NoSchedule"},
    ]
    assert len(nodes) == len(STEPS) - 1
    for step in nodes.values():
        assert step == ({"pool": "words", "gpu": "none"}, [everywhere])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("gpus", "device"), [("0", ""), ("2", "cuda")])
def test_train_uses_the_gpus_that_it_gets(
    target: str, gpus: str, device: str, tmp_path: Path
) -> None:
    spec = compiled(tmp_path, target, "--gpus", gpus)[0]
    (task,) = [
        content["dag"]["tasks"]["train"]
        for _, content in dags(spec)
        if "train" in content["dag"]["tasks"]
    ]
    assert task["inputs"]["parameters"]["device"]["runtimeValue"]["constant"] == device
    args = container(spec, "train")["args"]
    assert args[args.index("--device") + 1] == "{{$.inputs.parameters['device']}}"


@pytest.mark.parametrize(
    "more", [["--node-selector", "a=b"], ["--toleration", "a"], ["--all-toleration", "a"]]
)
def test_vertex_chooses_its_machines_by_itself(
    more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    IMAGES.write(tmp_path / "images.json")
    words = ["compile", "--target", "vertex", "--images", str(tmp_path / "images.json")]
    assert main([*words, "--output", str(tmp_path / "out.yaml"), *more]) == 2
    assert "Vertex AI" in capsys.readouterr().err
    assert not (tmp_path / "out.yaml").exists()


def test_a_node_need_not_have_free_all_that_a_step_may_take(tmp_path: Path) -> None:
    (spec, _), (vertex,) = compiled(tmp_path, "kfp"), compiled(tmp_path, "vertex")
    for executor in spec["deploymentSpec"]["executors"].values():
        needs = executor["container"]["resources"]
        assert needs["cpuRequest"] == pytest.approx(needs["cpuLimit"] / 4)
        assert needs["memoryRequest"] == pytest.approx(needs["memoryLimit"] / 4)
    assert "cpuRequest" not in container(vertex, "train")["resources"]


def test_with_several_nodes_the_step_itself_asks_for_no_gpu(tmp_path: Path) -> None:
    spec, platform = compiled(tmp_path, "kfp", "--gpus", "2", "--nodes", "3")
    assert problems(spec) == []
    assert "accelerator" not in container(spec, "train")["resources"]
    (given,) = [
        content["dag"]["tasks"]["train"]["inputs"]["parameters"]
        for _, content in dags(spec)
        if "train" in content["dag"]["tasks"]
    ]
    chosen = {name: given[name]["runtimeValue"]["constant"] for name in ("gpus", "nodes", "device")}
    assert chosen == {"gpus": 2, "nodes": 3, "device": "cuda"}
    pods = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert pods["exec-train"]["tolerations"], "which the TrainJob's pods take over"
    assert "/dev/shm" not in {mount["mountPath"] for mount in pods["exec-train"]["emptyDirMounts"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--nodes", "0"], "'0' is not a whole number from 1"),
        (["--nodes", "2", "--target", "vertex"], "--nodes: Vertex AI has no Kubeflow Trainer"),
    ],
)
def test_nodes_that_cannot_be_are_refused(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    IMAGES.write(tmp_path / "images.json")
    package = tmp_path / "x.yaml"
    given = ["compile", "--images", str(tmp_path / "images.json"), "--output", str(package)]
    try:
        code = main([*given, *words])
    except SystemExit as ended:  # by argparse
        code = int(ended.code or 0)
    assert code == 2
    assert said in capsys.readouterr().err
    assert not package.exists()


def test_without_gpus_train_runs_on_any_node(tmp_path: Path) -> None:
    spec, platform = compiled(tmp_path, "kfp", "--gpus", "0")
    assert "accelerator" not in container(spec, "train")["resources"]
    pod = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-train"]
    assert "tolerations" not in pod
    assert "nodeSelector" not in pod


@pytest.mark.parametrize("target", TARGETS)
def test_every_step_is_a_line_for_a_shell_in_an_image_named_by_digest(
    target: str, tmp_path: Path
) -> None:
    spec = compiled(tmp_path, target)[0]
    executors = spec["deploymentSpec"]["executors"]
    assert len(executors) == len(STEPS)
    for executor in executors.values():
        step = executor["container"]
        python, module, name = step["command"]
        assert (python, module) == ("python", "-m")
        assert name.removeprefix("components.") in STAGES
        assert re.fullmatch(r"registry.test/huggingtweets/\w+@sha256:[0-9a-f]{64}", step["image"])


def test_pods_need_no_root_and_no_secret_to_start(tmp_path: Path) -> None:
    platform = compiled(tmp_path, "kfp")[1]
    for pod in platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert all(secret["optional"] for secret in pod["secretAsEnv"])
        assert all(settings["optional"] for settings in pod["configMapAsEnv"])
        assert "/tmp" in {mount["mountPath"] for mount in pod["emptyDirMounts"]}


def test_every_step_says_what_it_is(tmp_path: Path) -> None:
    spec = compiled(tmp_path, "kfp")[0]
    for _, component in dags(spec):
        for task in component["dag"]["tasks"].values():
            assert task["taskInfo"]["name"]
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert all(parameter.get("description") for parameter in parameters.values())


@pytest.mark.parametrize("target", TARGETS)
def test_a_run_with_one_source_takes_no_pods_but_those_of_its_steps(
    target: str, tmp_path: Path
) -> None:
    """Seven stages and the report with a driver and an executor each, the root, the exit handler.

    Every further group of steps would have a driver of its own, and a loop one for each item.
    """
    assert pods(compiled(tmp_path, target)[0]) == 2 * len(STEPS) + 2 == 18


@pytest.mark.parametrize(("sources", "taken"), [(1, 20), (2, 23), (5, 32)])
def test_a_loop_over_sources_costs_its_driver_and_one_for_each(
    sources: int, taken: int, tmp_path: Path
) -> None:
    assert pods(compiled(tmp_path, "kfp", "--sources", "several")[0], sources) == taken


def test_groups_within_groups_cost_a_driver_each() -> None:
    """A loop, and a gate of two branches in a nested pipeline, each with its driver."""

    def task(component: str, **more: Any) -> dict[str, Any]:
        return {"componentRef": {"name": component}, **more}

    def group(*tasks: dict[str, Any]) -> dict[str, Any]:
        return {"dag": {"tasks": {str(number): one for number, one in enumerate(tasks)}}}

    step = task("step")
    yes, no = ({"triggerPolicy": {"condition": said}} for said in ("yes", "no"))
    spec = {
        "root": group(task("handler"), step),
        "components": {
            "step": {"executorLabel": "exec-step"},
            "handler": group(task("loop", parameterIterator={}), *[step] * 4, task("gate")),
            "loop": group(step),
            "gate": group(task("branches")),
            "branches": group(task("passed", **yes), task("failed", **no)),
            "passed": group(step, step),
            "failed": group(step),
        },
    }
    steps, root, handler, loop, item, gate, branches, both = 8, 1, 1, 1, 1, 1, 1, 2
    groups = root + handler + loop + item + gate + branches + both
    assert pods(spec) == 2 * steps + groups == 24
    assert pods(spec, items=2) == 24 + 3


@pytest.mark.parametrize("sources", SOURCES)
def test_a_run_is_of_the_same_steps_however_many_sources(sources: str, tmp_path: Path) -> None:
    spec = compiled(tmp_path, "kfp", "--sources", sources)[0]
    one = compiled(tmp_path, "kfp")[0]
    assert spec["deploymentSpec"] == one["deploymentSpec"], "the same lines in the same images"
    assert spec["root"]["inputDefinitions"] == one["root"]["inputDefinitions"]


@pytest.mark.parametrize("sources", SOURCES)
def test_a_push_is_a_step_where_it_is_asked_for_and_nowhere_else(
    sources: str, tmp_path: Path
) -> None:
    plain, _ = compiled(tmp_path, "kfp", "--sources", sources)
    assert "exec-push" not in plain["deploymentSpec"]["executors"]
    asked = ["--sources", sources, "--push-to", "jane/bot", "--push-public"]
    spec, platform = compiled(tmp_path, "kfp", *asked)
    assert problems(spec) == []
    assert pods(spec) == pods(plain) + 2
    assert spec["root"]["inputDefinitions"] == plain["root"]["inputDefinitions"]
    tasks = {name: task for _, group in dags(spec) for name, task in group["dag"]["tasks"].items()}
    given = tasks["push"]["inputs"]["parameters"]
    assert given["to"]["runtimeValue"]["constant"] == "jane/bot"
    assert given["options"]["runtimeValue"]["constant"] == {"public": True}
    assert given["no_gate"]["componentInputParameter"].endswith("no_gate")
    assert set(tasks["push"]["dependentTasks"]) == {"deploy", "publish"}
    assert not tasks["push"].get("cachingOptions", {}).get("enableCache", False)
    pod = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-push"]
    (secret,) = pod["secretAsEnv"]
    assert "HF_TOKEN" in {one["envVar"] for one in secret["keyToEnv"]}
    assert "token" not in str(container(spec, "push")).lower()


def test_vertex_has_no_secret_to_push_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    IMAGES.write(tmp_path / "images.json")
    words = ["compile", "--target", "vertex", "--images", str(tmp_path / "images.json")]
    assert main([*words, "--output", str(tmp_path / "x.yaml"), "--push-to", "jane/bot"]) == 2
    assert "--push-to" in capsys.readouterr().err


@pytest.mark.parametrize("name", [*OTHERS, "forget"])
def test_a_pipeline_that_does_not_push_refuses_to(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    IMAGES.write(tmp_path / "images.json")
    words = ["compile", "--pipeline", name, "--images", str(tmp_path / "images.json")]
    assert main([*words, "--output", str(tmp_path / "x.yaml"), "--push-to", "jane/bot"]) == 2
    assert f"--push-to: the pipeline {name} pushes nothing" in capsys.readouterr().err
    assert not (tmp_path / "x.yaml").exists()


@pytest.mark.parametrize("sources", SOURCES)
def test_publish_is_told_what_evaluate_said(sources: str, tmp_path: Path) -> None:
    spec = compiled(tmp_path, "kfp", "--sources", sources)[0]
    tasks = {name: task for _, group in dags(spec) for name, task in group["dag"]["tasks"].items()}
    given = tasks["publish"]["inputs"]["parameters"]["proceed"]["taskOutputParameter"]
    assert given == {"outputParameterKey": "proceed", "producerTask": "evaluate"}
    args = container(spec, "publish")["args"]
    assert args[args.index("--proceed") + 1] == "{{$.inputs.parameters['proceed']}}"
    assert "publish" in tasks["deploy"]["dependentTasks"], "what is refused is not deployed"
    assert not any("condition" in task.get("triggerPolicy", {}) for task in tasks.values())


def test_deciding_steps_are_never_taken_from_a_cache(tmp_path: Path) -> None:
    spec = compiled(tmp_path, "kfp")[0]
    cached = {
        name: task["cachingOptions"].get("enableCache", False)
        for _, component in dags(spec)
        for name, task in component["dag"]["tasks"].items()
        if "cachingOptions" in task
    }
    assert {name for name, is_cached in cached.items() if is_cached} == {
        *("prepare", "fetch", "train", "evaluate")
    }


def test_an_undeclared_channel_would_be_found() -> None:
    task = {"inputs": {"parameters": {"a": {"componentInputParameter": "pipelinechannel--b"}}}}
    spec: dict[str, Any] = {
        "root": {
            "dag": {"tasks": {"t": task}},
            "inputDefinitions": {"parameters": {"my_token": {}}},
        },
        "components": {"comp-x": {}, "comp-y": {"dag": {}}},
        "deploymentSpec": {
            "executors": {
                "e": {"resources": {"cpu": "{{$.inputs.parameters['pipelinechannel--c']}}"}}
            }
        },
    }
    spec["components"].pop("comp-y")
    said = " ".join(problems(spec))
    for word in ("pipelinechannel--b", "e holds a channel", "comp-x has no impl", "my_token"):
        assert word in said


def test_an_image_without_a_digest_is_named_by_its_tag(tmp_path: Path) -> None:
    images = {
        name: image.model_copy(update={"digest": None}) for name, image in IMAGES.images.items()
    }
    Images(images=images).write(tmp_path / "images.json")
    words = ["compile", "--images", str(tmp_path / "images.json"), "--output"]
    assert main([*words, str(tmp_path / "out.yaml")]) == 0
    assert container(documents(tmp_path / "out.yaml")[0], "train")["image"].endswith("train:1")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("{", "images.json"),
        ('{"images": {}}', "make images"),
        ('{"images": {"cpu": {"name": "a"}}}', "tag"),
    ],
)
def test_a_file_that_names_no_images_is_refused(
    content: str, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "images.json").write_text(content)
    words = ["compile", "--images", str(tmp_path / "images.json"), "--output", "x.yaml"]
    assert main(words) == 2
    assert word in capsys.readouterr().err


def container(spec: Document, stage: str) -> dict[str, Any]:
    found: dict[str, Any] = spec["deploymentSpec"]["executors"][f"exec-{stage}"]["container"]
    return found


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for kind in TARGETS:
        for many in SOURCES:
            compiled(GOLDEN, kind, "--sources", many)
            (GOLDEN / f"{kind}.yaml").rename(golden(many, kind))
        compiled(GOLDEN, kind, "--pipeline", "forget")
        (GOLDEN / f"{kind}.yaml").rename(GOLDEN / f"forget-{kind}.yaml")
    for other in OTHERS:
        compiled_other(GOLDEN, other)
        (GOLDEN / "kfp.yaml").rename(GOLDEN / f"{other}-kfp.yaml")
    (GOLDEN / "sweep.yaml").unlink()
    (GOLDEN / "images.json").unlink()
    for room in [*STAGES, "forget"]:
        component_yaml(room, ROOT / "components" / room / "component.yaml")
