"""An evaluation as the Hub reads it: the `model-index` of a card's metadata."""

from typing import Any

from huggingface_hub import EvalResult

from components.contracts.evaluation import EvaluationReport, Measure

TASK: dict[str, Any] = {
    "task_type": "text-generation",
    "task_name": "Writing like the authors",
    "dataset_type": "posts",
    "dataset_name": "the newest posts of the authors",
    "dataset_split": "test",
}


def eval_results(report: EvaluationReport) -> list[EvalResult]:
    """The figures of `report` that speak of the model (huggingface.co/docs/hub/model-cards).

    Each carries its 95% interval. A figure that could not be measured is left out.
    """
    copied = report.memorisation.generated
    figures: dict[str, tuple[str, Measure | None]] = {
        "bits_per_byte": ("Bits per byte", report.bits_per_byte.finetuned),
        "attribution": ("Posts taken for the authors'", report.attribution.generated.post),
        "detectability_auc": ("AUC of real against generated", report.detectability.auc),
        "memorisation_eight_gram": ("Posts with eight words of a training post", copied.eight_gram),
        "memorisation_half": ("Posts that are half a training post", copied.half),
        "memorisation_exact": ("Posts that are a training post", copied.exact),
        "distinct_2": ("Distinct word pairs", report.diversity.generated.distinct_2),
        "self_bleu_4": ("Self-BLEU-4", report.diversity.generated.self_bleu_4),
    }
    return [
        EvalResult(
            **TASK,
            metric_type=kind,
            metric_name=name,
            metric_value=measure.value,
            metric_args={"low": measure.low, "high": measure.high, "confidence": 0.95},
        )
        for kind, (name, measure) in figures.items()
        if measure is not None
    ]
