"""The pipelines as packages that Kubeflow or Vertex AI takes."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from components.contracts.errors import BadInputError

if TYPE_CHECKING:
    from kfp.dsl.base_component import BaseComponent

    from pipelines.platform import Platform


def write_package(platform: "Platform", output: Path, *, one_source: bool) -> None:
    """Compile the pipeline `persona` for this platform into the file `output`.

    For `one_source` it takes fewer pods, and refuses a run with more.

    Raises:
        BadInputError: it cannot be written there.
    """
    from pipelines.persona import persona_pipeline  # kfp takes a second to import

    write_pipeline(lambda: persona_pipeline(platform, one_source=one_source), output)


def write_pipeline(pipeline: "Callable[[], BaseComponent]", output: Path) -> None:
    """Compile the pipeline into the file `output`.

    Raises:
        BadInputError: it cannot be written there.
    """
    from kfp import compiler  # kfp takes a second to import

    with tempfile.TemporaryDirectory() as folder:  # kfp wants the file's name to end as YAML
        package = Path(folder) / "pipeline.yaml"
        compiler.Compiler().compile(pipeline(), str(package))
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_bytes(package.read_bytes())
        except OSError as error:
            raise BadInputError(f"--output: cannot write {output}: {error.strerror}") from error
