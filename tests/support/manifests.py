"""Whether Kubernetes would take a manifest: its shape, its values, and what refers to what."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from kubernetes.utils import parse_quantity  # type: ignore[import-untyped]
from kubernetes_validate import ValidationError, utils, validate

from support.kubernetes_values import FIELDS, OBJECT_NAMES, WHOLE, subdomain

MINORS = range(29, 38)
CUSTOM = {"ServiceMonitor", "HTTPRoute"}
"""Kinds that others than Kubernetes define: no more than their metadata is looked at."""
Found = Iterator[tuple[str, str]]
"""Where something is wrong, and what."""
for slow in ("schema_contents", "all_versions"):  # read from the disk for each manifest
    setattr(utils, slow, cache(getattr(utils, slow)))


class ManifestError(AssertionError):
    """Kubernetes would refuse it."""


def check(manifest: Mapping[str, Any], minors: range = MINORS) -> None:
    """Refuse what any of these versions of Kubernetes would refuse.

    Raises:
        ManifestError: what is wrong, and where.
    """
    kind = manifest["kind"]
    for minor in minors if kind not in CUSTOM else ():
        try:
            validate(dict(manifest), f"1.{minor}", strict=True)
        except ValidationError as error:
            raise ManifestError(f"{kind} {list(error.path)}: {error.message}") from error
    for where, what in filter(lambda found: found[1], _problems(manifest)):
        raise ManifestError(f"{kind}{where}: {what}")


def _problems(manifest: Mapping[str, Any]) -> Found:
    kind, metadata = manifest["kind"], manifest["metadata"]
    if name := metadata.get("name"):
        yield ".metadata.name", OBJECT_NAMES.get(kind, subdomain)(name)
    yield from _values("ObjectMeta", metadata, ".metadata")
    yield from _values(kind, manifest, "")
    for where, pod in _pods(manifest):
        yield from _references(pod, where)
    if kind in ("Deployment", "StatefulSet"):
        yield ".spec.selector", _selects(manifest["spec"])
    if kind == "Service":
        yield ".spec.ports", _doubled(manifest["spec"]["ports"], "name", "port")
    if kind == "HorizontalPodAutoscaler":
        low, high = (manifest["spec"].get(f"{end}Replicas", 1) for end in ("min", "max"))
        yield ".spec", f"minReplicas {low} is above maxReplicas {high}" if low > high else ""
    if kind == "ConfigMap":
        texts = [key for key, value in manifest.get("data", {}).items() if type(value) is not str]
        yield ".data", f"{texts} are no texts" if texts else ""


def _values(definition: str, value: Any, where: str) -> Found:
    """What is wrong with this value of this definition, and inside it."""
    if what := WHOLE.get(definition, lambda _: "")(value):
        yield where, what
    schema = _definitions().get(definition, {})
    for field, inner in value.items() if isinstance(value, dict) else ():
        if inner is None:
            continue
        path = f"{where}.{field}"
        if (found := FIELDS.get((definition, field))) and (what := found(inner)):
            yield path, what
        yield from _inside(schema.get("properties", {}).get(field, {}), inner, path)


def _inside(schema: Mapping[str, Any], value: Any, where: str) -> Found:
    if reference := schema.get("$ref"):
        yield from _values(reference.rpartition(".")[2], value, where)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _inside(schema.get("items", {}), one, f"{where}[{number}]")
    elif isinstance(value, dict) and isinstance(schema.get("additionalProperties"), dict):
        for key, one in value.items():
            yield from _inside(schema["additionalProperties"], one, f"{where}[{key}]")


@cache
def _definitions() -> dict[str, Any]:
    """The newest definitions by their last name, those of the versions that charts use first."""
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v1.{MINORS[-1]}.0-local"
    every = json.loads((folder / "_definitions.json").read_text())["$defs"]
    stable = {name: one for name, one in every.items() if "beta" not in name.split(".")[-2]}
    preferred = ("io.k8s.api.autoscaling.v2.", "io.k8s.api.core.v1.", "io.k8s.api.apps.v1.")
    ordered = sorted(stable, key=lambda name: name.startswith(preferred))
    return {name.rpartition(".")[2]: stable[name] for name in ordered}


def _pods(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The pod's specification in it, if there is one, volumes of claims among its own."""
    spec = manifest.get("spec", {})
    if manifest["kind"] == "Pod":
        yield ".spec", spec
    elif "template" in spec:
        claims = [{"name": one["metadata"]["name"]} for one in spec.get("volumeClaimTemplates", [])]
        pod = spec["template"]["spec"]
        yield ".spec.template.spec", {**pod, "volumes": [*pod.get("volumes", []), *claims]}


def _references(pod: Mapping[str, Any], where: str) -> Found:
    volumes = pod.get("volumes", [])
    yield f"{where}.volumes", _doubled(volumes, "name")
    yield f"{where}.containers", _doubled(pod["containers"], "name")
    for container in pod["containers"]:
        mounts, ports = container.get("volumeMounts", []), container.get("ports", [])
        at = f"{where}.containers[{container['name']}]"
        yield f"{at}.ports", _doubled(ports, "name")
        yield f"{at}.volumeMounts", _doubled(mounts, "mountPath")
        known = {volume["name"] for volume in volumes}
        for mount in mounts:
            yield f"{at}.volumeMounts", "" if mount["name"] in known else f"no volume {mount}"
        yield from _probed(container, {port.get("name") for port in ports}, at)
        yield at, _over_limit(container.get("resources") or {})
        for variable in container.get("env", []):
            twice = variable.get("value") and variable.get("valueFrom")
            yield f"{at}.env", f"{variable} says both value and valueFrom" if twice else ""


def _probed(container: Mapping[str, Any], ports: set[str | None], at: str) -> Found:
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        probe = container.get(name) or {}
        port = (probe.get("httpGet") or probe.get("tcpSocket") or {}).get("port", 1)
        if isinstance(port, str) and port not in ports:
            yield f"{at}.{name}", f"the container has no port {port}"
        if name != "readinessProbe" and probe.get("successThreshold", 1) != 1:
            yield f"{at}.{name}", "its successThreshold must be 1"


def _over_limit(resources: Mapping[str, Any]) -> str:
    limits = resources.get("limits") or {}
    for name, amount in (resources.get("requests") or {}).items():
        if name in limits and parse_quantity(amount) > parse_quantity(limits[name]):
            return f"it requests more {name} than its limit"
    return ""


def _selects(spec: Mapping[str, Any]) -> str:
    labels = spec["template"]["metadata"]["labels"]
    wanted = spec["selector"]["matchLabels"]
    return "" if wanted.items() <= labels.items() else "it does not select its own pods"


def _doubled(entries: list[Any], *keys: str) -> str:
    for key in keys:
        found = [entry[key] for entry in entries if entry.get(key) is not None]
        if len(found) != len(set(found)):
            return f"the same {key} twice in {found}"
    return ""
