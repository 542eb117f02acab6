import json
import re
from typing import Any

import pytest
from support.helm import CHARTS, WHEELS, of_kind, render, run_helm
from support.helm_api import HelmApi

CHART = str(CHARTS / "huggingtweets-store")
GIVEN = ("--set", "existingSecret=store")


@pytest.mark.parametrize("major", WHEELS)
@pytest.mark.parametrize("verb", ["install", "template"])
def test_without_keys_it_says_how_to_make_some(api: HelmApi, verb: str, major: str) -> None:
    with pytest.raises(AssertionError) as refused:
        api.helm(major, verb, "store", CHART)
    said = str(refused.value)
    assert "kubectl create secret generic store --namespace personas" in said
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= set(re.findall("AWS_[A-Z_]+", said))
    assert "--set existingSecret=store" in said


@pytest.mark.parametrize("major", WHEELS)
def test_what_it_says_to_set_is_all_that_was_missing(api: HelmApi, major: str) -> None:
    api.helm(major, "install", "store", CHART, "--set", "existingSecret=store")
    assert api.get("StatefulSet", "store")


@pytest.mark.parametrize(
    ("memory", "collecting", "uploading"),
    [
        ("1Gi", "640MiB", 128),
        ("2Gi", "1280MiB", 256),
        ("1.5Gi", "960MiB", 192),
        ("1G", "595MiB", 119),
        ("1073741824", "640MiB", 128),
        ("512Mi", "320MiB", 64),
    ],
)
@pytest.mark.parametrize("major", WHEELS)
def test_the_bounds_follow_from_the_memory_limit(
    memory: str, collecting: str, uploading: int, major: str
) -> None:
    container = store(major, f"resources.limits.memory={memory}")
    assert {"name": "GOMEMLIMIT", "value": collecting} in container["env"]
    assert container["args"][-1] == f"-s3.concurrentUploadLimitMB={uploading}"


def test_without_a_limit_there_are_no_bounds() -> None:
    for nothing in ("resources.limits.memory=null", "resources.limits=null", "resources=null"):
        container = store("4", nothing)
        assert "GOMEMLIMIT" not in [variable["name"] for variable in container["env"]]
        assert container["args"] == image_command()


def test_it_starts_what_its_image_starts() -> None:
    assert store("4")["args"][: len(image_command())] == image_command()


@pytest.mark.parametrize("memory", ["256Mi", "511Mi", "1", "500M"])
def test_a_limit_that_it_cannot_keep_is_refused(memory: str) -> None:
    done = run_helm(
        "4", "template", "store", CHART, *GIVEN, "--set", f"resources.limits.memory={memory}"
    )
    assert f"resources.limits.memory: {memory} is less than the store needs" in done.stderr
    assert "512Mi or more" in done.stderr


def store(major: str, *settings: str) -> Any:
    """The container of the chart with these settings."""
    more = [word for setting in settings for word in ("--set", setting)]
    manifests = render("huggingtweets-store", *GIVEN, *more, major=major)
    (container,) = of_kind(manifests, "StatefulSet")["spec"]["template"]["spec"]["containers"]
    return container


def image_command() -> list[str]:
    """What the image `store` runs by itself."""
    text = (CHARTS.parent / "images" / "Dockerfile").read_text().replace("\\\n", "")
    (command,) = re.findall(r"^CMD (\[.*weed.*\])$", text, re.MULTILINE)
    words: list[str] = json.loads(command)
    return words
