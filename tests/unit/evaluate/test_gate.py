from pathlib import Path

import pytest
from support.finished import make_evaluation_report

from components.contracts.errors import BadInputError
from components.contracts.evaluation import Condition, EvaluationReport, Gate, Measure
from components.evaluate.config import EvaluateConfig
from components.evaluate.gate import judge_gate
from components.evaluate.rules import rules_of


def judged(report: EvaluationReport, **config: object) -> Gate:
    return judge_gate(report, rules_of(EvaluateConfig(**config)))


def only(gate: Gate) -> Condition:
    (condition,) = gate.conditions
    return condition


def rule(text: str) -> str:
    return f"conditions:\n  - {{name: It, {text}}}\n"


EXACT = Measure(value=0.008, low=0.002, high=0.012)


def with_exact(measure: Measure) -> EvaluationReport:
    report = make_evaluation_report()
    generated = report.memorisation.generated.model_copy(update={"exact": measure})
    copied = report.memorisation.model_copy(update={"generated": generated})
    return report.model_copy(update={"memorisation": copied})


def test_the_worse_end_of_the_interval_decides() -> None:
    text = rule("measure: memorisation.generated.exact, at_most: 0.01")
    condition = only(judged(with_exact(EXACT), gate=text))
    assert (condition.passed, condition.value, condition.bound) == (False, 0.012, 0.01)
    assert "1.2% at worst" in condition.sentence
    text = rule("measure: memorisation.generated.exact, at_least: 0.004")
    assert only(judged(with_exact(EXACT), gate=text)).value == 0.002


def test_a_bound_can_be_another_figure_with_more_or_less() -> None:
    text = rule("measure: memorisation.generated.exact, at_most: attribution.heldout.post,"
                " times: 0.01, plus: 0.004")  # fmt: skip
    condition = only(judged(with_exact(EXACT), gate=text))
    assert condition.bound == pytest.approx(0.0129)
    assert condition.passed


def test_models_are_compared_post_by_post() -> None:
    text = rule("measure: bits_per_byte.finetuned, below: bits_per_byte.base")
    report = make_evaluation_report()
    near = Measure(value=-0.02, low=-0.03, high=-0.01)
    sure = report.model_copy(update={"bits_per_byte_difference": {"base": near}})
    assert only(judged(sure, gate=text)).value == 3.49  # 3.5, the base's, and -0.01 at worst
    assert only(judged(sure, gate=text)).passed
    far = report.model_copy(update={"bits_per_byte_difference": {"base": near.model_copy(
        update={"high": 0.001})}})  # fmt: skip
    assert only(judged(far, gate=text)).passed is False


def test_what_was_not_measured_is_not_judged() -> None:
    report = make_evaluation_report()
    bits = report.bits_per_byte.model_copy(update={"finetuned": None})
    gate = judged(report.model_copy(update={"bits_per_byte": bits}))
    unjudged = [one for one in gate.conditions if one.passed is None]
    assert [one.value for one in unjudged] == [None, None]
    assert all("finetuned was not measured" in one.sentence for one in unjudged)


def test_production_is_to_be_beaten_where_that_is_demanded() -> None:
    report = make_evaluation_report()
    assert judged(report, beat_production=True).conditions[-1].passed is None
    bits = report.bits_per_byte.model_copy(update={"champion": report.bits_per_byte.finetuned})
    same = report.model_copy(update={
        "bits_per_byte": bits,
        "bits_per_byte_difference": {"champion": Measure(value=0, low=0, high=0)},
    })  # fmt: skip
    gate = judged(same, beat_production=True)
    assert gate.conditions[-1].passed is False
    assert not gate.passed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("conditions: []\n", "conditions"),
        ("conditions: [\n", "not YAML"),
        ("5\n\n", "the gate is not valid"),
        (rule("measure: memorisation.generated.exact"), "exactly one of below"),
        (rule("measure: memorisation.generated.exact, below: 1, above: 0"), "exactly one of below"),
        (rule("measure: memorisation.generated, below: 1"), "no figure 'memorisation.generated'"),
        (rule("measure: memorisation.generated.exact, below: gate"), "no figure 'gate'"),
        (rule("measure: memorisation.generated.exact, below: .nan"), "conditions.0.below"),
        (rule("measure: memorisation.generated.exact, below: 1, size: 3"), "conditions.0.size"),
    ],
)
def test_what_is_no_gate_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        rules_of(EvaluateConfig(gate=text))


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gate.yaml"
    with pytest.raises(BadInputError, match="cannot read the gate"):
        rules_of(EvaluateConfig(gate=str(path)))
    path.write_text(rule("measure: memorisation.generated.exact, at_most: 0.01"))
    assert len(rules_of(EvaluateConfig(gate=str(path))).conditions) == 1
