"""What the server measures: our own names, TorchServe's, and the choice by name."""

from components.serve.metrics.own import Metrics, Record

__all__ = ["Metrics", "Record"]
