"""Processes forked from one that has imported what most of our commands need.

Starting Python and importing torch, transformers and scikit-learn takes most of the time of a
command on a tiny model.
"""

import multiprocessing

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        *("torch", "sklearn.linear_model", "transformers"),
        *("transformers.models.gpt2.modeling_gpt2", "transformers.models.llama.modeling_llama"),
        *("components.train.stage", "components.evaluate.stage", "components.publish.stage"),
        *("components.storage.s3", "components.storage.gcs", "pipelines.cli.command"),
    ]
)
