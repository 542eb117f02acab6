"""What Kubernetes refuses is refused by the check that the charts' manifests pass."""

import copy
from functools import cache
from typing import Any

import pytest
from support.helm import CHARTS, render
from support.manifests import MINORS, ManifestError, check

VALUES = CHARTS / "huggingtweets-serving" / "ci"
POD = "spec.template.spec"
CONTAINER = f"{POD}.containers.0"
LONG = 64 * "l"


@cache
def manifests() -> dict[str, Any]:
    """One of each kind, by kind."""
    files = [str(VALUES / f"{name}-values.yaml") for name in ("s3", "public", "gpu")]
    more = ("--set", "image.digest=", "--set", "podSecurityContext.seccompProfile.type=Unconfined")
    made = render("huggingtweets-serving", *(f"--values={file}" for file in files), *more)
    made += render("huggingtweets-store", "--set", "existingSecret=store")
    made += render("huggingtweets-pipelines", "--set", "store.existingSecret=store")
    return {one["kind"]: one for one in reversed(made)}


def changed(kind: str, path: str, value: Any) -> Any:
    """The manifest with a value in the place of the one at `path`; `...` takes it away.

    A `~` in the path stands for a dot that parts nothing.
    """
    manifest = at = copy.deepcopy(manifests()[kind])
    *way, last = (step.replace("~", ".") for step in path.split("."))
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    key: Any = int(last) if isinstance(at, list) else last
    if value is ...:
        del at[key]
    else:
        at[key] = value
    return manifest


WRONG: tuple[tuple[str, str, Any], ...] = (
    # words
    ("Deployment", f"{CONTAINER}.imagePullPolicy", "Sometimes"),
    ("Deployment", f"{POD}.restartPolicy", "always"),
    ("Deployment", f"{POD}.tolerations.0.effect", "NoScheduling"),
    ("Deployment", f"{POD}.tolerations.0.operator", "In"),
    ("Deployment", f"{POD}.topologySpreadConstraints.0.whenUnsatisfiable", "Ignore"),
    ("Deployment", f"{POD}.securityContext.seccompProfile.type", "Default"),
    ("Deployment", f"{POD}.securityContext.fsGroupChangePolicy", "Never"),
    ("Deployment", f"{CONTAINER}.startupProbe.httpGet.scheme", "http"),
    ("Deployment", "spec.strategy.type", "Rolling"),
    ("Service", "spec.type", "clusterIP"),
    ("Service", "spec.ports.0.protocol", "HTTP"),
    ("NetworkPolicy", "spec.policyTypes.0", "ingress"),
    ("Ingress", "spec.rules.0.http.paths.0.pathType", "Regex"),
    ("HorizontalPodAutoscaler", "spec.metrics.0.type", "CPU"),
    ("HorizontalPodAutoscaler", "spec.metrics.0.resource.target.type", "Percent"),
    ("StatefulSet", "spec.volumeClaimTemplates.0.spec.accessModes.0", "ReadWrite"),
    ("RoleBinding", "roleRef.kind", "Roles"),
    ("RoleBinding", "subjects.0.kind", "Account"),
    # quantities
    ("Deployment", f"{CONTAINER}.resources.limits.memory", "4Gib"),
    ("Deployment", f"{CONTAINER}.resources.limits.memory", "4GB"),
    ("Deployment", f"{CONTAINER}.resources.limits.memory", "-4Gi"),
    ("Deployment", f"{CONTAINER}.resources.limits.memory", "4 Gi"),
    ("Deployment", f"{CONTAINER}.resources.limits.memory", "1Mi"),
    ("Deployment", f"{CONTAINER}.resources.limits.gpu", "1"),
    ("Deployment", f"{CONTAINER}.resources.limits.nvidia~com/gpu", "0.5"),
    ("Deployment", f"{POD}.volumes.0.emptyDir.sizeLimit", "ten"),
    ("StatefulSet", "spec.volumeClaimTemplates.0.spec.resources.requests.storage", "10G1"),
    ("HorizontalPodAutoscaler", "spec.metrics.1.pods.target.averageValue", "few"),
    # numbers
    ("Deployment", "spec.replicas", -1),
    ("Deployment", "spec.revisionHistoryLimit", -1),
    ("Deployment", "spec.strategy.rollingUpdate.maxSurge", "half"),
    ("Deployment", f"{POD}.terminationGracePeriodSeconds", -5),
    ("Deployment", f"{CONTAINER}.readinessProbe.periodSeconds", 0),
    ("Deployment", f"{CONTAINER}.livenessProbe.successThreshold", 2),
    ("Deployment", f"{POD}.topologySpreadConstraints.0.maxSkew", 0),
    ("HorizontalPodAutoscaler", "spec.minReplicas", 9),
    ("HorizontalPodAutoscaler", "spec.maxReplicas", 0),
    ("PodDisruptionBudget", "spec.maxUnavailable", "one"),
    ("PodDisruptionBudget", "spec.maxUnavailable", -1),
    # ports
    ("Service", "spec.ports.0.port", 0),
    ("Service", "spec.ports.0.port", 65536),
    ("Service", "spec.ports.1.port", 8080),
    ("Service", "spec.ports.1.name", "http"),
    ("Service", "spec.ports.0.targetPort", "a-name-longer-than-15"),
    ("Service", "spec.ports.0.targetPort", 70000),
    ("Service", "spec.ports.0.nodePort", 80),
    ("Deployment", f"{CONTAINER}.ports.0.containerPort", 80800),
    ("Deployment", f"{CONTAINER}.ports.0.name", "Requests"),
    ("Deployment", f"{CONTAINER}.ports.1.name", "http"),
    ("Deployment", f"{CONTAINER}.livenessProbe.httpGet.port", "web"),
    ("Deployment", f"{CONTAINER}.livenessProbe.httpGet.port", 0),
    ("NetworkPolicy", "spec.ingress.0.ports.0.port", 65536),
    # names
    ("Deployment", "metadata.name", "Words"),
    ("Deployment", "metadata.name", "two words"),
    ("Deployment", "metadata.name", 254 * "w"),
    ("Deployment", "metadata.namespace", "a.b"),
    ("Service", "metadata.name", "7up"),
    ("Service", "metadata.name", "a.b"),
    ("Service", "metadata.name", LONG),
    ("StatefulSet", "metadata.name", 53 * "s"),
    ("Role", "metadata.name", "a/b"),
    ("Deployment", f"{CONTAINER}.name", "the_server"),
    ("Deployment", f"{CONTAINER}.image", "huggingtweets/Serve:dev"),
    ("Deployment", f"{CONTAINER}.image", "huggingtweets/serve:"),
    ("Deployment", f"{CONTAINER}.image", ""),
    ("Deployment", f"{CONTAINER}.env.0.name", "A=B"),
    ("Deployment", f"{CONTAINER}.env.0.valueFrom", {"secretKeyRef": {"name": "a", "key": "b"}}),
    ("Deployment", f"{POD}.volumes.0.name", "Cache"),
    ("Deployment", f"{POD}.volumes.0.name", "others"),
    ("Deployment", f"{POD}.serviceAccountName", "an account"),
    ("Deployment", f"{POD}.imagePullSecrets.0.name", "a/b"),
    ("Deployment", f"{CONTAINER}.volumeMounts.1.mountPath", "/cache"),
    ("ConfigMap", "data.a b", "x"),
    ("ConfigMap", "data.a", 1),
    ("Ingress", "spec.rules.0.host", "https://example.org"),
    ("Ingress", "spec.rules.0.http.paths.0.path", "api"),
    # labels and annotations
    ("Deployment", "metadata.labels.a", "two words"),
    ("Deployment", "metadata.labels.a", LONG),
    ("Deployment", "metadata.labels.a", True),
    ("Deployment", f"metadata.labels.{LONG}", "a"),
    ("Deployment", "metadata.labels.a/b/c", "a"),
    ("Deployment", "metadata.annotations.a b", "x"),
    ("Deployment", "metadata.annotations.a", 1),
    ("Deployment", "spec.template.metadata.labels.a", "-a"),
    ("Deployment", "spec.template.metadata.labels.huggingtweets/role", LONG),
    ("Deployment", "spec.selector.matchLabels.app", "another"),
    ("Deployment", f"{POD}.nodeSelector.gpu", "a b"),
    ("Service", "spec.selector.a", "a b"),
    # shapes
    ("Deployment", "spec.replicaCount", 1),
    ("Deployment", "spec.template", ...),
    ("Deployment", f"{CONTAINER}.startupProbe.httpGet", ...),
    ("Deployment", f"{CONTAINER}.startupProbe.exec", {"command": ["true"]}),
)


def test_what_is_right_passes() -> None:
    for manifest in manifests().values():
        check(manifest, MINORS[-1:])


@pytest.mark.parametrize(("kind", "path", "value"), WRONG)
def test_a_wrong_value_is_refused(kind: str, path: str, value: Any) -> None:
    with pytest.raises(ManifestError, match=kind):
        check(changed(kind, path, value), MINORS[-1:])


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Deployment", f"{CONTAINER}.resources.requests.cpu", "1.5"),
        ("Deployment", f"{CONTAINER}.resources.requests.cpu", "1e-1"),
        ("Deployment", f"{CONTAINER}.image", f"host:5000/a/b@sha256:{'0' * 64}"),
        ("Deployment", f"{POD}.restartPolicy", "Always"),
        ("Service", "spec.ports.0.targetPort", 8080),
        ("PodDisruptionBudget", "spec.maxUnavailable", "50%"),
        ("Role", "metadata.name", "system:a"),
        ("Ingress", "spec.rules.0.host", "*.example.org"),
        ("Deployment", "metadata.labels.a", ""),
    ],
)
def test_what_is_unusual_but_right_passes(kind: str, path: str, value: Any) -> None:
    check(changed(kind, path, value), MINORS[-1:])
