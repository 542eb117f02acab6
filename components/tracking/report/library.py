"""W&B's library of reports: its types do not hold, and its warnings of old ways of pydantic are no
reader's business."""

import warnings
from importlib import import_module
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    expr: Any = import_module("wandb_workspaces.expr")
    wr: Any = import_module("wandb_workspaces.reports.v2")
