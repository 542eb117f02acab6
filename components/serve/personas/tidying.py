"""What leaves this machine's disk: what nothing leads to, what is stale, who opted out."""

import logging
from collections.abc import Collection
from enum import StrEnum

from components.serve.metrics import Metrics
from components.serve.personas.complaints import Complaints
from components.serve.personas.disk import Disk
from components.serve.personas.opted_out import OptOuts
from components.serve.personas.stale import StaleVersions

log = logging.getLogger(__name__)


class Reason(StrEnum):
    """Why something leaves the disk; the label of a metric."""

    UNUSED = "unused"
    OPTED_OUT = "opted-out"
    STALE = "stale"


SAID = {
    Reason.UNUSED: "nothing leads to it any more",
    Reason.OPTED_OUT: "an author opted out of it",
    Reason.STALE: "it learned from posts that are forgotten since",
}


class Tidier:
    """Deletes what is not needed, but nothing that this or another server uses. Blocks."""

    def __init__(
        self,
        disk: Disk,
        opt_outs: OptOuts,
        stale: StaleVersions,
        metrics: Metrics,
        named: Collection[str],
    ) -> None:
        """`named`: the personas that are served alone; none are everyone's."""
        self._disk, self._opt_outs, self._stale = disk, opt_outs, stale
        self._metrics, self._named = metrics, named
        self._complaints = Complaints()
        for reason in Reason:  # so that each is 0 from the start
            metrics.cache_removed.labels(reason)

    def tidy(self, needed: Collection[tuple[str, int]]) -> None:
        """Delete every version but these, and what nobody uses of unpacked archives and bases.

        Of a persona that this server does not follow, and another may, only those leave that are
        stale or of whom an author opted out. A disk that refuses is said in the log.
        """
        try:
            if self._opt_outs.known:
                self._versions(needed)
            self._archives()
            self._bases()
            self._metrics.cache_bytes.set(self._disk.size())
        except OSError as error:
            self._complaints.say("cache", f"cannot tidy {self._disk.root}: {error}")
        else:
            self._complaints.settle("cache")

    def _versions(self, needed: Collection[tuple[str, int]]) -> None:
        for persona, version in self._disk.versions():
            reason = self._reason(persona, version, needed)
            if reason and (freed := self._disk.remove(persona, version)):
                self._say(f"{persona}@{version}", freed, reason)

    def _reason(
        self, persona: str, version: int, needed: Collection[tuple[str, int]]
    ) -> Reason | None:
        """Why this version is to leave; None where it stays."""
        manifest = self._disk.kept_manifest(persona, version)
        if self._opt_outs.has_opted_out(persona, manifest):
            return Reason.OPTED_OUT
        if self._stale.holds(persona, version):
            return Reason.STALE
        if self._named and persona not in self._named:
            return None
        return None if manifest and (persona, version) in needed else Reason.UNUSED

    def _archives(self) -> None:
        for digest in self._disk.archives():
            if freed := self._disk.remove_archive(digest):
                self._say(f"the archive {digest[:12]}", freed, Reason.UNUSED)

    def _bases(self) -> None:
        """Base models stay while the disk holds an adapter of them, in memory or not."""
        named = self._disk.named_bases()
        for digest in self._disk.bases():
            if digest not in named and (freed := self._disk.remove_base(digest)):
                self._say(f"the base model {digest[:12]}", freed, Reason.UNUSED)

    def _say(self, what: str, freed: int, reason: Reason) -> None:
        self._metrics.cache_removed.labels(reason).inc()
        log.info("%s left the disk (%.1f MB): %s", what, freed / 1e6, SAID[reason])
