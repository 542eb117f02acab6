"""Tests in a cluster: `make test-kind`. An ordinary run of the tests leaves this folder out."""

import re
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.kind import tools
from support.kind.cluster import Cluster, a_cluster, write_failures
from support.kind.commands import COMMANDS, PIPELINES, Shell, a_shell
from support.kind.serving import NAMESPACE, Served, settings

from components.collect.sample.build import build_archive

HERE = Path(__file__).parent
FAILURES = tools.BUILD / "failures"
_made: list[Cluster] = []


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """These tests take long and change a cluster: they run where they are named."""
    named = [
        (config.invocation_params.dir / arg.partition("::")[0]).resolve() for arg in config.args
    ]
    return None if any(path.is_relative_to(HERE) for path in named) else True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, Any]:
    """Write down what may explain a failure, while it is still there to be seen."""
    report = yield
    if report.failed and _made:
        name = re.sub(r"[^\w.-]+", "-", f"{item.nodeid.rpartition('/')[2]}-{report.when}")
        with suppress(Exception):
            write_failures(_made[0], FAILURES / name)
    return report


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    if reason := tools.why_missing():
        pytest.skip(reason)
    shutil.rmtree(FAILURES, ignore_errors=True)
    with a_cluster() as found:
        _made.append(found)
        yield found


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader's folder: an archive of hers, and a base model that is trained in a moment."""
    from support.tiny_models import make_tiny_model  # brings torch along

    folder = tmp_path_factory.mktemp("reader")
    build_archive(folder / "my-x-archive.zip")
    make_tiny_model(folder / "tiny")
    return folder


@pytest.fixture(scope="session")
def shell(cluster: Cluster, place: Path) -> Iterator[Shell]:
    environment = settings(place, cluster.images, place / "tiny")
    environment["KUBECONFIG"] = cluster.kubeconfig
    (place / "charts").symlink_to(tools.ROOT / "charts")
    with a_shell(place, environment) as found:
        yield found


@pytest.fixture(scope="session")
def typed(cluster: Cluster, shell: Shell) -> Callable[[int], str]:
    """Type the commands up to a number, each one once; gives what the last one wrote."""
    wrote: dict[int, str | AssertionError] = {}
    cluster.make_namespace(NAMESPACE)

    def up_to(number: int) -> str:
        for at in range(1, number + 1):
            if at not in wrote:
                try:
                    wrote[at] = shell.run(COMMANDS[at - 1])
                except AssertionError as error:
                    wrote[at] = error
            found = wrote[at]
            if isinstance(found, AssertionError):
                raise AssertionError(f"command {at} failed: {found}")
        return str(wrote[number])

    return up_to


@pytest.fixture(scope="session")
def served(typed: Callable[[int], str], cluster: Cluster, shell: Shell, place: Path) -> Served:
    """Two pods that serve `me`, managed by a token, in a namespace that is guarded."""
    typed(len(COMMANDS))
    shell.run(PIPELINES)
    level = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("label", "namespace", NAMESPACE, level)
    words = ("create", "secret", "generic", "serving", "--namespace", NAMESPACE)
    cluster.kubectl(*words, "--from-literal=management-token=of-the-tests")
    served = Served(cluster, shell, place / "tiny")
    served.upgrade(
        "replicaCount=2",
        "auth.existingSecret=serving",
        "resources.requests.cpu=100m",
        "serve.aliasPollSeconds=2",
    )
    return served
