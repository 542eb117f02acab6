"""The steps as a run with one source takes them: without the loop, whose groups cost pods.

A loop hands each of `sources` to a collect of its own, and the raw datasets of all on as a list.
Without it collect takes the list itself, which holds one, and the others the only raw dataset.
"""

import copy
from dataclasses import replace

from kfp.dsl.base_component import BaseComponent
from kfp.dsl.container_component_class import ContainerComponent


def taking_the_list(collect: BaseComponent) -> BaseComponent:
    """The step collect, for a list of one source."""
    return _with_input(collect, "source", type="List")


def taking_the_only_one(step: BaseComponent) -> BaseComponent:
    """A step that reads raw datasets, for one."""
    return _with_input(step, "raw_datasets", is_artifact_list=False)


def _with_input(step: BaseComponent, name: str, **changes: object) -> BaseComponent:
    """The same step with an input of another kind; its command line stays as it is."""
    spec = copy.deepcopy(step.component_spec)
    spec.inputs[name] = replace(spec.inputs[name], **changes)
    return ContainerComponent(spec, step.pipeline_func)
