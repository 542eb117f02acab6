"""Compiled pipelines: reading them, and what is wrong with them that compiling does not say."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]

SECRETS = ("token", "secret", "password", "credential", "api_key", "apikey", "private_key")


def documents(package: Path) -> list[Document]:
    """The documents of a package, without the version of what compiled it."""
    loaded = list(yaml.load_all(package.read_text(encoding="utf-8"), yaml.CSafeLoader))
    for document in loaded:
        document.pop("sdkVersion", None)
    return loaded


def problems(spec: Document) -> list[str]:
    """What would break only when the package runs, a sentence each."""
    found = list(_undeclared(spec)) + list(_empty(spec))
    parameters = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    found += [f"{name} is named like a secret" for name in parameters if _is_secret(name)]
    return found


def dags(spec: Document) -> Iterator[tuple[str, Document]]:
    """Every component that is made of tasks, the root first."""
    yield "root", spec["root"]
    for name, component in spec["components"].items():
        if "dag" in component:
            yield name, component


def _undeclared(spec: Document) -> Iterator[str]:
    """Channels that are used where nothing declares them, in tasks and in executors."""
    for name, component in dags(spec):
        inputs = component.get("inputDefinitions", {})
        declared = {*inputs.get("parameters", {}), *inputs.get("artifacts", {})}
        for task_name, task in component["dag"]["tasks"].items():
            for used in _component_inputs(task):
                if used not in declared:
                    yield f"{name}/{task_name} uses {used}, which {name} does not declare"
    for name, executor in spec["deploymentSpec"]["executors"].items():
        if "pipelinechannel--" in json.dumps(executor):
            yield f"{name} holds a channel that nothing resolves"


def _component_inputs(task: Document) -> Iterator[str]:
    given = task.get("inputs", {})
    for value in given.get("parameters", {}).values():
        if "componentInputParameter" in value:
            yield value["componentInputParameter"]
    for value in given.get("artifacts", {}).values():
        if "componentInputArtifact" in value:
            yield value["componentInputArtifact"]
    items = task.get("parameterIterator", {}).get("items", {})
    if "inputParameter" in items and items["inputParameter"] not in given.get("parameters", {}):
        yield items["inputParameter"]


def _empty(spec: Document) -> Iterator[str]:
    executors = spec["deploymentSpec"]["executors"]
    for name, component in spec["components"].items():
        if "dag" in component:
            if not component["dag"].get("tasks"):
                yield f"{name} has no tasks"
        elif component.get("executorLabel") not in executors:
            yield f"{name} has no implementation"


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in SECRETS)
