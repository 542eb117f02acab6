import pytest
import yaml
from support.finished import Folders, make_evaluation_report

from components.publish.card import CardFacts, render_card
from components.publish.eval_results import eval_results
from components.publish.inputs import Story, read_story


def front_matter(story: Story) -> dict[str, object]:
    card = render_card(story, CardFacts("gardener", 3, None), [])
    document: dict[str, object] = yaml.safe_load(card.split("---\n")[1])
    return document


def test_the_hub_reads_the_figures(folders: Folders) -> None:
    """In the form of huggingface.co/docs/hub/model-cards: model-index, results, metrics."""
    story = read_story(*folders)
    (model,) = front_matter(story)["model-index"]  # type: ignore[misc]
    assert model["name"] == "gardener"
    figures = {
        metric["type"]: metric for result in model["results"] for metric in result["metrics"]
    }
    assert figures["bits_per_byte"]["value"] == 2.25
    assert figures["memorisation_eight_gram"]["value"] == 0.012
    assert figures["detectability_auc"]["args"] == {
        "low": 0.315, "high": 1.26, "confidence": 0.95,
    }  # fmt: skip
    assert {result["dataset"]["split"] for result in model["results"]} == {"test"}


def test_what_was_not_measured_is_left_out() -> None:
    report = make_evaluation_report()
    bits = report.bits_per_byte.model_copy(update={"finetuned": None})
    results = eval_results(report.model_copy(update={"bits_per_byte": bits}))
    assert "bits_per_byte" not in [result.metric_type for result in results]
    assert len(results) == 7


@pytest.mark.parametrize(
    ("passed", "said"), [(True, "interval: passed."), (False, "published all the same")]
)
def test_the_card_says_what_the_gate_said(folders: Folders, passed: bool, said: str) -> None:
    story = read_story(*folders)._replace(evaluated=make_evaluation_report(passed=passed))
    card = render_card(story, CardFacts("gardener", 3, None), [])
    assert said in card
    assert ("- ✗ It hardly ever repeats a training post" in card) is not passed
