"""The cluster that a deployment runs in, and the pods that it has there."""

from collections.abc import Mapping
from typing import Any

import kubernetes  # type: ignore[import-untyped]

from components.runtime.cluster import TIMEOUT, close, cluster_here


class Cluster:
    """One namespace of the cluster."""

    def __init__(self, configuration: Any, namespace: str) -> None:
        self.host: str = configuration.host
        self.namespace = namespace
        self._api = kubernetes.client.CoreV1Api(kubernetes.client.ApiClient(configuration))

    @classmethod
    def here(cls, environment: Mapping[str, str], namespace: str | None) -> "Cluster | None":
        """The cluster that KUBECONFIG names, or this pod's; None where there is neither.

        Raises:
            ClusterError: what describes it cannot be used.
        """
        found = cluster_here(environment, namespace)
        return cls(*found) if found else None

    def pods(self, selector: str, **more: Any) -> Any:
        """The pods with these labels, or with `watch=True` a stream of how they change."""
        asked: dict[str, Any] = {
            "label_selector": selector,
            "_preload_content": False,
            "_request_timeout": TIMEOUT,
        }
        return self._api.list_namespaced_pod(self.namespace, **(asked | more))

    def close(self) -> None:
        """Close the connections."""
        close(self._api.api_client)
