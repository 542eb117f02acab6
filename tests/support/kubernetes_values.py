"""Which values Kubernetes takes, beyond their types: words, numbers, quantities, names.

The schemas that Kubernetes publishes leave these out; its API server checks them in
https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go and
beside it. A check gives what is wrong with a value, or nothing.
"""

import re
from collections.abc import Callable
from typing import Any

Check = Callable[[Any], str]

LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
QUALIFIED = r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
QUANTITY = r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?"
IMAGE = (
    r"([\w.-]+(:[0-9]+)?/)?[a-z0-9]+([._/-]+[a-z0-9]+)*"
    r"(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)


def matching(pattern: str, most: int, what: str) -> Check:
    """A text of at most so many letters in this form."""

    def check(value: Any) -> str:
        fits = isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII)
        return "" if fits and len(value) <= most else f"{value!r} is not {what}"

    return check


def one_of(*words: str) -> Check:
    return lambda value: "" if value in words else f"{value!r} is not one of {', '.join(words)}"


def each(check: Check) -> Check:
    return lambda values: next(filter(None, map(check, values)), "")


def between(least: int, most: int = 2**31 - 1) -> Check:
    def check(value: Any) -> str:
        fits = type(value) is int and least <= value <= most
        return "" if fits else f"{value!r} is not a whole number from {least} to {most}"

    return check


def either(first: Check, second: Check) -> Check:
    """The first check for a number, the second for a text."""
    return lambda value: second(value) if isinstance(value, str) else first(value)


def quantity(value: Any) -> str:
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(QUANTITY, text, re.ASCII):
        return f"{value!r} is not a quantity, as 500m or 2Gi"
    return f"{value!r} is below nothing" if text.startswith("-") else ""


def label_key(value: Any) -> str:
    prefix, slash, name = str(value).rpartition("/")
    return (subdomain(prefix) if slash else "") or matching(QUALIFIED, 63, "a label's key")(name)


def keys_and_values(values: dict[str, Any]) -> str:
    """Labels, and selectors by them."""
    return next(filter(None, [*map(label_key, values), *map(label_value, values.values())]), "")


def keys_and_texts(values: dict[str, Any]) -> str:
    """Annotations; their keys are in small letters or not."""
    texts = [f"{value!r} is no text" for value in values.values() if not isinstance(value, str)]
    return next(filter(None, [*map(label_key, values), *texts]), "")


def resources(values: dict[str, Any]) -> str:
    """GPUs and the like come whole, and their limits are all that can be said."""
    whole = [
        f"{name}: {amount!r} is not a whole number"
        for kind in ("requests", "limits")
        for name, amount in (values.get(kind) or {}).items()
        if "/" in name and not re.fullmatch("[0-9]+", str(amount))
    ]
    names = [name for kind in ("requests", "limits") for name in values.get(kind) or {}]
    unknown = [
        f"{name!r} is no resource"
        for name in names
        if "/" not in name and name not in ("cpu", "memory", "ephemeral-storage")
    ]
    return next(iter([*whole, *unknown]), "")


subdomain = matching(rf"{LABEL}([.]{LABEL})*", 253, "a DNS subdomain (small letters, digits, - .)")
label = matching(LABEL, 63, "a DNS label (small letters, digits, -)")
service_name = matching(r"[a-z]([-a-z0-9]*[a-z0-9])?", 63, "a DNS label that begins with a letter")
label_value = matching(rf"({QUALIFIED})?", 63, "a label's value")
path_segment = matching(r"(?![.]{1,2}$)[^/%]+", 253, "a name that a path can hold")
port = between(1, 65535)
port_name = matching(r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?", 15, "a port's name")
percent = matching(r"[0-9]+%", 20, "a share in percent")
count, positive = between(0), between(1)
host = matching(rf"([*][.])?{LABEL}([.]{LABEL})*|", 253, "a host")
slashed = matching("/.*", 4096, "a path that begins with /")
protocol = one_of("TCP", "UDP", "SCTP")
handlers = ("httpGet", "exec", "tcpSocket", "grpc")


def one_handler(probe: dict[str, Any]) -> str:
    found = [name for name in handlers if probe.get(name)]
    return "" if len(found) == 1 else f"a probe has one of {', '.join(handlers)}, not {found}"


OBJECT_NAMES: dict[str, Check] = {
    "Service": service_name,
    "Namespace": label,
    "StatefulSet": matching(LABEL, 52, "a name that leaves room for a revision's digest"),
    **dict.fromkeys(("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), path_segment),
}
"""By kind; all others are DNS subdomains."""

FIELDS: dict[tuple[str, str], Check] = {
    ("Container", "image"): matching(IMAGE, 1000, "an image's reference"),
    ("Container", "imagePullPolicy"): one_of("Always", "IfNotPresent", "Never"),
    ("Container", "name"): label,
    ("Container", "terminationMessagePolicy"): one_of("File", "FallbackToLogsOnError"),
    ("ContainerPort", "containerPort"): port,
    ("ContainerPort", "hostPort"): port,
    ("ContainerPort", "name"): port_name,
    ("ContainerPort", "protocol"): protocol,
    ("ConfigMap", "data"): each(matching(r"[-._a-zA-Z0-9]+", 253, "a key of a ConfigMap")),
    ("ConfigMapEnvSource", "name"): subdomain,
    ("CrossVersionObjectReference", "name"): subdomain,
    ("DeploymentSpec", "replicas"): count,
    ("DeploymentSpec", "revisionHistoryLimit"): count,
    ("DeploymentStrategy", "type"): one_of("Recreate", "RollingUpdate"),
    ("EmptyDirVolumeSource", "medium"): one_of("", "Memory", "HugePages"),
    ("EnvVar", "name"): matching(r"[^=\x00-\x1f]+", 1000, "a variable's name"),
    ("HTTPGetAction", "path"): slashed,
    ("HTTPGetAction", "port"): either(port, port_name),
    ("HTTPGetAction", "scheme"): one_of("HTTP", "HTTPS"),
    ("HTTPIngressPath", "path"): slashed,
    ("HTTPIngressPath", "pathType"): one_of("Exact", "Prefix", "ImplementationSpecific"),
    ("HorizontalPodAutoscalerSpec", "maxReplicas"): positive,
    ("HorizontalPodAutoscalerSpec", "minReplicas"): positive,
    ("IngressRule", "host"): host,
    ("IngressSpec", "ingressClassName"): subdomain,
    ("IngressTLS", "hosts"): each(host),
    ("JobSpec", "backoffLimit"): count,
    ("LabelSelector", "matchLabels"): keys_and_values,
    ("LabelSelectorRequirement", "operator"): one_of("In", "NotIn", "Exists", "DoesNotExist"),
    ("LocalObjectReference", "name"): subdomain,
    ("MetricSpec", "type"): one_of("Resource", "ContainerResource", "Pods", "Object", "External"),
    ("MetricTarget", "averageUtilization"): positive,
    ("MetricTarget", "type"): one_of("Utilization", "Value", "AverageValue"),
    ("NetworkPolicyPort", "endPort"): port,
    ("NetworkPolicyPort", "port"): either(port, port_name),
    ("NetworkPolicyPort", "protocol"): protocol,
    ("NetworkPolicySpec", "policyTypes"): each(one_of("Ingress", "Egress")),
    ("NodeSelectorRequirement", "operator"): one_of(
        "In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"
    ),
    ("ObjectMeta", "annotations"): keys_and_texts,
    ("ObjectMeta", "labels"): keys_and_values,
    ("ObjectMeta", "namespace"): label,
    ("PersistentVolumeClaimSpec", "accessModes"): each(
        one_of("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
    ),
    ("PersistentVolumeClaimSpec", "storageClassName"): subdomain,
    ("PersistentVolumeClaimVolumeSource", "claimName"): subdomain,
    ("PodDisruptionBudgetSpec", "maxUnavailable"): either(count, percent),
    ("PodDisruptionBudgetSpec", "minAvailable"): either(count, percent),
    ("PodSecurityContext", "fsGroupChangePolicy"): one_of("OnRootMismatch", "Always"),
    ("PodSpec", "nodeSelector"): keys_and_values,
    ("PodSpec", "priorityClassName"): subdomain,
    ("PodSpec", "restartPolicy"): one_of("Always", "OnFailure", "Never"),
    ("PodSpec", "serviceAccountName"): subdomain,
    ("PodSpec", "terminationGracePeriodSeconds"): count,
    ("PolicyRule", "resourceNames"): each(path_segment),
    ("Probe", "failureThreshold"): positive,
    ("Probe", "initialDelaySeconds"): count,
    ("Probe", "periodSeconds"): positive,
    ("Probe", "successThreshold"): positive,
    ("Probe", "timeoutSeconds"): positive,
    ("RoleRef", "apiGroup"): one_of("rbac.authorization.k8s.io"),
    ("RoleRef", "kind"): one_of("Role", "ClusterRole"),
    ("RoleRef", "name"): path_segment,
    ("RollingUpdateDeployment", "maxSurge"): either(count, percent),
    ("RollingUpdateDeployment", "maxUnavailable"): either(count, percent),
    ("SeccompProfile", "type"): one_of("RuntimeDefault", "Unconfined", "Localhost"),
    ("SecretEnvSource", "name"): subdomain,
    ("SecretKeySelector", "name"): subdomain,
    ("SecretVolumeSource", "secretName"): subdomain,
    ("ServiceBackendPort", "number"): port,
    ("ServicePort", "name"): label,
    ("ServicePort", "nodePort"): between(30000, 32767),
    ("ServicePort", "port"): port,
    ("ServicePort", "protocol"): protocol,
    ("ServicePort", "targetPort"): either(port, port_name),
    ("ServiceSpec", "selector"): keys_and_values,
    ("ServiceSpec", "sessionAffinity"): one_of("ClientIP", "None"),
    ("ServiceSpec", "type"): one_of("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    ("StatefulSetSpec", "podManagementPolicy"): one_of("OrderedReady", "Parallel"),
    ("StatefulSetSpec", "replicas"): count,
    ("Subject", "kind"): one_of("User", "Group", "ServiceAccount"),
    ("TCPSocketAction", "port"): either(port, port_name),
    ("Toleration", "effect"): one_of("", "NoSchedule", "PreferNoSchedule", "NoExecute"),
    ("Toleration", "operator"): one_of("", "Exists", "Equal"),
    ("TopologySpreadConstraint", "maxSkew"): positive,
    ("TopologySpreadConstraint", "topologyKey"): label_key,
    ("TopologySpreadConstraint", "whenUnsatisfiable"): one_of("DoNotSchedule", "ScheduleAnyway"),
    ("Volume", "name"): label,
    ("VolumeMount", "mountPath"): matching("[^:]+", 4096, "a path to mount at"),
}
"""By the definition's and the field's name."""

WHOLE: dict[str, Check] = {
    "Probe": one_handler,
    "Quantity": quantity,
    "ResourceRequirements": resources,
}
"""Of values as a whole, by their definition's name."""
