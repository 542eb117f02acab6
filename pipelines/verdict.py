"""What the gate says, for people."""

from components.contracts.evaluation import ENOUGH_SAMPLES, EvaluationReport


def verdict_lines(report: EvaluationReport) -> list[str]:
    """The verdict in one line, then one for each condition of the gate."""
    said = "passed" if report.gate.passed else "failed"
    unsure = report.samples < ENOUGH_SAMPLES
    few = f" ({report.samples} samples; {ENOUGH_SAMPLES} make it sure)" if unsure else ""
    return [
        f"The gate {said}{few}",
        *(f"  {one.mark} {one.sentence}" for one in report.gate.conditions),
    ]
