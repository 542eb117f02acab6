"""What the gate says, for people."""

from components.contracts.evaluation import EvaluationReport

ENOUGH = 500
"""With fewer samples than this a verdict is unsure."""
WORDS = {True: "✓", False: "✗", None: "–"}


def verdict_lines(report: EvaluationReport) -> list[str]:
    """The verdict in one line, then one for each condition of the gate."""
    said = "passed" if report.gate.passed else "failed"
    few = f" ({report.samples} samples; {ENOUGH} make it sure)" if report.samples < ENOUGH else ""
    return [
        f"The gate {said}{few}",
        *(f"  {WORDS[one.passed]} {one.sentence}" for one in report.gate.conditions),
    ]
