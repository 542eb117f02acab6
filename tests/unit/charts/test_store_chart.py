import re

import pytest
from support.helm import CHARTS, WHEELS
from support.helm_api import HelmApi

CHART = str(CHARTS / "huggingtweets-store")


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
