"""What the server measures: our own names, TorchServe's, and the choice by name."""

from components.serve.metrics.own import Metrics, RequestRecord

__all__ = ["Metrics", "RequestRecord"]
