import argparse

import pytest

from components.contracts.errors import BadInputError
from pipelines.nodes import (
    ANYWHERE,
    Nodes,
    Toleration,
    a_label,
    a_toleration,
    add_node_flags,
    nodes_given,
)


def given(*words: str) -> tuple[Nodes, Nodes]:
    parser = argparse.ArgumentParser()
    add_node_flags(parser)
    return nodes_given(parser.parse_args(words))


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("pool=words", "pool", "words"),
        ("cloud.google.com/gke-accelerator=nvidia-l4", "cloud.google.com/gke-accelerator",
         "nvidia-l4"),
        ("spot=", "spot", ""),
    ],
)  # fmt: skip
def test_labels(text: str, key: str, value: str) -> None:
    assert a_label(text) == (key, value)


@pytest.mark.parametrize(
    ("text", "toleration"),
    [
        ("spot", Toleration("spot")),
        ("spot=true", Toleration("spot", "true")),
        ("nvidia.com/gpu:NoSchedule", Toleration("nvidia.com/gpu", None, "NoSchedule")),
        ("team=words:NoExecute", Toleration("team", "words", "NoExecute")),
        ("team=:PreferNoSchedule", Toleration("team", "", "PreferNoSchedule")),
    ],
)
def test_tolerations_are_written_as_kubectl_writes_taints(
    text: str, toleration: Toleration
) -> None:
    assert a_toleration(text) == toleration


@pytest.mark.parametrize("flag", ["--node-selector", "--all-node-selector"])
@pytest.mark.parametrize(
    "text",
    [
        *("", "pool", "=a", "a=b=c", "a b=c", "a=b c", "/a=b", "a/=b", "a/b/c=d", "-a=b", "a=-b"),
        *(f"{64 * 'k'}=a", f"a={64 * 'v'}", "a=b\n"),
    ],
)
def test_what_no_node_can_have_is_refused(
    flag: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        given(f"{flag}={text}")
    assert "KEY=VALUE" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["", ":NoSchedule", "a:Never", "a=b:", "a=b=c", "a b", "a:noexecute"]
)
def test_a_taint_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        given(f"--toleration={text}")
    assert "KEY[=VALUE][:EFFECT]" in capsys.readouterr().err


def test_nothing_said_is_anywhere() -> None:
    assert given() == (ANYWHERE, ANYWHERE)


def test_each_flag_may_be_repeated_and_each_is_for_its_own_steps() -> None:
    train, every = given(
        *("--node-selector", "a=1", "--node-selector", "b=2", "--node-selector", "a=1"),
        *("--all-toleration", "x", "--all-toleration", "y"),
    )
    assert train == Nodes({"a": "1", "b": "2"})
    assert every == Nodes({}, (Toleration("x"), Toleration("y")))
    assert (every | train).labels == {"a": "1", "b": "2"}


def test_a_label_of_two_values_is_refused() -> None:
    with pytest.raises(BadInputError, match="no node has a=1 and a=2 at once"):
        given("--node-selector", "a=1", "--node-selector", "a=2")
