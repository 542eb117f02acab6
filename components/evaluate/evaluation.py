"""An evaluation: all measures, what they are compared with, and the gate's verdict."""

from collections.abc import Sequence

from components.contracts.evaluation import (
    Attribution,
    Diversity,
    EvaluationReport,
    Gate,
    Memorisation,
    Safety,
)
from components.evaluate.answers import Answers
from components.evaluate.authors import Author
from components.evaluate.config import EvaluateConfig
from components.evaluate.gate import judge_gate
from components.evaluate.judge import Judge
from components.evaluate.measures.bits_per_byte import bits_per_byte
from components.evaluate.measures.byte_model import ByteModel
from components.evaluate.rules import Rules

UNJUDGED = Gate(passed=False, conditions=())


def measure_and_judge(
    config: EvaluateConfig,
    judge: Judge,
    answers: Answers,
    others: Sequence[Author],
    rules: Rules,
    digests: dict[str, str | None],
) -> EvaluationReport:
    """Measure the answers and judge them.

    Args:
        config: what can be chosen.
        judge: who measures.
        answers: what is measured.
        others: the reference authors.
        rules: the gate's conditions.
        digests: `dataset_sha256`, `model_sha256` and `champion_sha256` of the report.
    """
    bits, differences = bits_per_byte(
        answers.scores,
        ByteModel(judge.author.train_texts),
        judge.real,
        judge.strangers,
        config.seed,
    )
    generated = judge.measure(answers.texts, beside=answers.texts)
    heldout = judge.measure_alone(judge.real, beside=answers.texts)
    asked = bool(answers.scores)
    report = EvaluationReport(
        **digests,
        reference_authors=tuple(name for other in others for name in other.names),
        seed=config.seed,
        sampling=config.model_dump(include={"temperature", "top_p", "max_tokens"}) if asked else {},
        prompts=config.prompts if asked else (),
        samples=len(answers.texts),
        test_posts=len(judge.real),
        bits_per_byte=bits,
        bits_per_byte_difference=differences,
        memorisation=Memorisation(generated=generated.memorisation, heldout=heldout.memorisation),
        attribution=Attribution(generated=generated.attribution, heldout=heldout.attribution),
        detectability=generated.detectability,
        diversity=Diversity(generated=generated.diversity, heldout=heldout.diversity),
        surface=generated.surface,
        safety=Safety(generated=generated.safety, heldout=heldout.safety),
        comparisons=judge.comparisons(answers.texts, answers.base_texts),
        formats=dict(answers.formats),
        gate=UNJUDGED,
    )
    return report.model_copy(update={"gate": judge_gate(report, rules)})
