"""The cluster that a step runs in: how Kubernetes is reached, and what it says when it refuses."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import kubernetes  # type: ignore[import-untyped]
from kubernetes.config import ConfigException  # type: ignore[import-untyped]

from components.contracts.errors import BadInputError
from components.runtime.patience import IN_CLUSTER

NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
TIMEOUT = (CONNECT_SECONDS, READ_SECONDS)
BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, MISSING, CONFLICT, GONE = 400, 401, 403, 404, 409, 410
INVALID = 422


class ClusterError(BadInputError):
    """Kubernetes cannot be asked, or refuses to answer."""

    is_final = False


def cluster_here(environment: Mapping[str, str], namespace: str | None) -> tuple[Any, str] | None:
    """How to reach the cluster that KUBECONFIG names, or this pod's, and the namespace in it.

    None where there is neither.

    Raises:
        ClusterError: what describes it cannot be used.
    """
    configuration = kubernetes.client.Configuration()
    configuration.retries = False  # whoever asks knows when to ask again
    file = environment.get("KUBECONFIG", "").strip()
    try:
        if file:
            kubernetes.config.load_kube_config(file, client_configuration=configuration)
            return configuration, namespace or _namespace_of(file)
        if not environment.get(IN_CLUSTER):
            return None
        kubernetes.config.load_incluster_config(client_configuration=configuration)
        return configuration, namespace or NAMESPACE_FILE.read_text().strip()
    except (ConfigException, OSError, UnicodeDecodeError) as error:
        where = f"KUBECONFIG ({file})" if file else "this pod's service account"
        raise ClusterError(f"{where} does not tell how to reach Kubernetes: {error}") from error


def said_by_kubernetes(error: Exception) -> str:
    """The sentence in the Status that Kubernetes answers with."""
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        return str(json.loads(error.body)["message"])  # type: ignore[attr-defined]
    return f"{getattr(error, 'status', '')} {getattr(error, 'reason', '')}".strip()


def close(api_client: Any) -> None:
    """Close the connections of a client of Kubernetes."""
    api_client.close()
    api_client.rest_client.pool_manager.clear()


def _namespace_of(file: str) -> str:
    """The namespace of the current context."""
    _, context = kubernetes.config.list_kube_config_contexts(file)
    return str(context["context"].get("namespace") or "default")
