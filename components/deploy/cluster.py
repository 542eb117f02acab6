"""The cluster that a deployment runs in, and the pods that it has there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes  # type: ignore[import-untyped]
from kubernetes.config import ConfigException  # type: ignore[import-untyped]

from components.deploy.errors import ClusterError

IN_CLUSTER = "KUBERNETES_SERVICE_HOST"
NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0


class Cluster:
    """One namespace of the cluster."""

    def __init__(self, configuration: Any, namespace: str) -> None:
        configuration.retries = False  # whoever asks knows when to ask again
        self.host: str = configuration.host
        self.namespace = namespace
        self._api = kubernetes.client.CoreV1Api(kubernetes.client.ApiClient(configuration))

    @classmethod
    def here(cls, environment: Mapping[str, str], namespace: str | None) -> "Cluster | None":
        """The cluster that KUBECONFIG names, or this pod's; None where there is neither.

        Raises:
            ClusterError: what describes it cannot be used.
        """
        configuration = kubernetes.client.Configuration()
        file = environment.get("KUBECONFIG", "").strip()
        try:
            if file:
                kubernetes.config.load_kube_config(file, client_configuration=configuration)
                return cls(configuration, namespace or _namespace_of(file))
            if not environment.get(IN_CLUSTER):
                return None
            kubernetes.config.load_incluster_config(client_configuration=configuration)
            return cls(configuration, namespace or NAMESPACE_FILE.read_text().strip())
        except (ConfigException, OSError, UnicodeDecodeError) as error:
            where = f"KUBECONFIG ({file})" if file else "this pod's service account"
            raise ClusterError(f"{where} does not tell how to reach Kubernetes: {error}") from error

    def pods(self, selector: str, **more: Any) -> Any:
        """The pods with these labels, or with `watch=True` a stream of how they change."""
        asked: dict[str, Any] = {
            "label_selector": selector,
            "_preload_content": False,
            "_request_timeout": (CONNECT_SECONDS, READ_SECONDS),
        }
        return self._api.list_namespaced_pod(self.namespace, **(asked | more))

    def close(self) -> None:
        """Close the connections."""
        self._api.api_client.close()
        self._api.api_client.rest_client.pool_manager.clear()


def _namespace_of(file: str) -> str:
    """The namespace of the current context."""
    _, context = kubernetes.config.list_kube_config_contexts(file)
    return str(context["context"].get("namespace") or "default")
