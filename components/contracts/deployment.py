"""What a deployment leaves behind."""

from typing import Literal

from components.contracts.base import Contract, Report


class PodSeen(Contract):
    """What a deployment saw at one serving pod."""

    name: str
    address: str
    """Where it answers requests: `http://IP:PORT`."""
    ready: bool
    """Whether it was ready when it was last seen; one that is gone is not."""
    loaded: bool = False
    """Whether it gave a post from exactly the version that was to be deployed."""
    followed: bool = False
    """Whether its bare name answered with that version after `production` had moved."""
    post: str | None = None
    """The post that it gave."""
    problem: str | None = None
    """Why not, as it was last asked."""
    state: str | None = None
    """Where the version stands there, as management says it: READY, LOADING, FAILED…; None where
    management was not asked."""
    memory_bytes: int | None = None
    """What the version takes there, likewise."""


DeployOutcome = Literal["moved", "refused", "overtaken", "moved back"]


class DeployReport(Report):
    """What a deployment did."""

    persona: str
    version: int
    """What was to be deployed."""
    serving: Literal["none", "pods"]
    """Which serving was asked first."""
    outcome: DeployOutcome = "moved"
    """`moved`: production points there, or did until somebody else moved it on; `refused`: the pods
    did not load it; `overtaken`: another deployment came between; `moved back`: the pods did not
    follow production."""
    production: int | None = None
    """What `production` points to in the end; None while it is unset."""
    namespace: str | None = None
    """Where pods were looked for."""
    selector: str | None = None
    """The labels by which they were found."""
    pods: tuple[PodSeen, ...] = ()
    """Every ready pod that was seen, by name; those that went away meanwhile, too."""
    seconds: float = 0.0
    """How long it took."""
    problem: str | None = None
    """Why production does not point to the version."""
