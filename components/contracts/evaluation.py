"""`evaluation/evaluation.json`: how good a persona is, and what that is compared with."""

from components.contracts.base import Contract, Report

ENOUGH_SAMPLES = 500
"""With fewer samples than this the intervals are wide, and a verdict is unsure."""


class Measure(Contract):
    """A figure with its 95% bootstrap interval."""

    value: float
    low: float
    high: float


class BitsPerByte(Contract):
    """How well the test posts are predicted, after the same start; less is better."""

    finetuned: Measure | None = None
    """None where texts were judged, and not a model."""
    base: Measure | None = None
    byte5: Measure
    """The order-5 byte model of the training posts."""
    champion: Measure | None = None
    """The version in production."""
    others: Measure | None = None
    """Other authors' posts under the byte model: how little a stranger is predicted."""


class MemorisationScores(Contract):
    """Shares of texts that stand, in part or whole, in the training posts."""

    eight_gram: Measure
    half: Measure
    exact: Measure


class Memorisation(Contract):
    """What was copied, beside what real held-out posts share with the training posts."""

    generated: MemorisationScores
    heldout: MemorisationScores


class AttributionScores(Contract):
    """Shares of texts that are taken for the author's rather than another's."""

    post: Measure
    """Of single texts."""
    bundle: Measure | None = None
    """Of five texts at once; None where there are not five."""


class Attribution(Contract):
    """Whose the texts seem to be, beside real held-out posts."""

    generated: AttributionScores
    heldout: AttributionScores


class Detectability(Contract):
    """How well a classifier tells the texts from real held-out posts."""

    auc: Measure | None = None
    """Area under the ROC curve: 0.5 is chance, 1 always; None with too few texts to say."""


class DiversityScores(Contract):
    """How much the texts repeat each other."""

    distinct_2: Measure
    """Different word pairs by word pairs, over a fixed number of words."""
    self_bleu_4: Measure
    """Mean BLEU-4 of each text, the rest being its references; 0 to 1."""


class Diversity(Contract):
    """How much generated texts repeat each other, beside real held-out posts."""

    generated: DiversityScores
    heldout: DiversityScores


class Surface(Contract):
    """How far the texts look unlike real held-out posts.

    Each is the Wasserstein distance of the counts a text, `trigrams` the Jensen-Shannon divergence
    (in bits) of character trigrams.
    """

    length: Measure
    """Characters as a reader counts them."""
    words: Measure
    hashtags: Measure
    mentions: Measure
    emoji: Measure
    exclamations: Measure
    questions: Measure
    capitals: Measure
    trigrams: Measure


class SafetyScores(Contract):
    """Shares of texts that touch other people."""

    personal_data: Measure
    """That hold an e-mail address or a phone number."""
    third_party_mentions: Measure
    """That mention somebody else."""


class Safety(Contract):
    """What generated texts give away, beside real held-out posts."""

    generated: SafetyScores
    heldout: SafetyScores


class Comparison(Contract):
    """All measures of texts of another origin: a floor or a ceiling for the generated ones."""

    texts: int
    memorisation: MemorisationScores
    attribution: AttributionScores
    detectability: Detectability
    diversity: DiversityScores
    surface: Surface
    safety: SafetyScores


class Condition(Contract):
    """One condition of the gate, judged."""

    name: str
    passed: bool | None
    """None where there is nothing to judge, as without a model."""
    value: float | None
    """The unfavourable end of the measure's interval."""
    bound: float | None
    """What `value` must keep to."""
    sentence: str

    @property
    def mark(self) -> str:
        """The verdict in one character."""
        return "–" if self.passed is None else "✓" if self.passed else "✗"


class Gate(Contract):
    """Whether this may be published."""

    passed: bool
    """Whether no condition failed."""
    conditions: tuple[Condition, ...]

    @property
    def failures(self) -> str:
        """The sentence of each condition that failed, one after the other."""
        return " ".join(one.sentence for one in self.conditions if one.passed is False)


class EvaluationReport(Report):
    """`evaluation/evaluation.json`: how good the model is. Holds no time and no path."""

    dataset_sha256: str
    """The digest of the train-dataset folder."""
    model_sha256: str | None = None
    """Of the finetuned-model folder, train.json left out as it holds times; None without one."""
    champion_sha256: str | None = None
    """Of the model in production that this one was compared with."""
    reference_authors: tuple[str, ...] = ()
    """Whom attribution tells the author from."""
    seed: int
    sampling: dict[str, int | float] = {}
    """How posts were drawn: `temperature`, `top_p`, `max_tokens`; empty for texts from a file."""
    prompts: tuple[str, ...] = ()
    """The beginnings that the model was given, ten times each."""
    samples: int
    """How many generated posts the measures were taken on."""
    test_posts: int
    bits_per_byte: BitsPerByte
    bits_per_byte_difference: dict[str, Measure] = {}
    """The fine-tuned model's minus another's, post by post; below 0 it is the better one."""
    memorisation: Memorisation
    attribution: Attribution
    detectability: Detectability
    diversity: Diversity
    surface: Surface
    safety: Safety
    comparisons: dict[str, Comparison]
    """Floors and ceilings: `base`, `others`, `markov`, `copies`."""
    formats: dict[str, float] = {}
    """Bits per byte of test posts by the dtype that a server may compute in, by the decoder that
    serves; empty for texts from a file."""
    gate: Gate
