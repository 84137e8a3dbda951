"""Keeps the decisions of a run for its record, in the journal first: a run that is killed has them recorded, too."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from trueup.core.digests import Digest, digest_of_bytes
from trueup.core.json import Json
from trueup.policy.decision_log import Circumstances, Kept, attachment, evaluation_attachment, event, keep
from trueup.policy.recorded import input_of
from trueup.policy.results import Evaluation
from trueup.workflows.judging import Judged
from trueup.workflows.workspace import Policies, Workspace

_ENTRY = "decision"
"""Type of a journal entry that keeps a decision."""


@dataclass(slots=True)
class DecisionLog:
    """The decisions of one run in one environment, in their order, and the documents they stand on.

    Attributes:
        workspace: The repository.
        environment: Where.
        policies: What decides.
        revision: Commit of the repository's own policies.
        events: What the record says of them.
        attachments: What it keeps beside them.
    """

    workspace: Workspace
    environment: str
    policies: Policies
    revision: str
    events: list[Json] = field(default_factory=list)
    attachments: dict[Digest, bytes] = field(default_factory=dict)
    _kept: Kept | None = None

    def note(self, judged: Judged) -> dict[Digest, bytes]:
        """Take *judged* in and return the attachments that came with it."""
        if self._kept is None:
            self._kept = keep(self.policies.files, self.workspace.tool, self.revision)
        evaluation = evaluation_attachment(judged.evaluation or Evaluation((), (), (), judged.decision.engine))
        about = Circumstances(
            environment=self.environment,
            at=judged.at or self.workspace.clock.now(),
            nanoseconds=round(judged.took.total_seconds() * 1_000_000) * 1_000,
            actor=self.workspace.actor,
            tool=self.workspace.tool,
            gate=judged.gate,
            enforcing=judged.enforcing,
        )
        self.events.append(event(judged.decision, judged.document, self._kept, about, evaluation[0]))
        found = dict((self._kept.attachment, evaluation, attachment(judged.document)))
        new = {digest: content for digest, content in found.items() if digest not in self.attachments}
        self.attachments |= new
        return new

    def journal(self, judged: Judged) -> None:
        """Take *judged* in and have it on disk before anybody acts on it."""
        new = self.note(judged)
        entry: dict[str, Json] = {
            "type": _ENTRY,
            "decision": self.events[-1],
            "attachments": {digest: content.decode() for digest, content in new.items()},
        }
        self.workspace.journal.write(self.environment, entry)


def journaled_decisions(
    entries: Sequence[Mapping[str, Json]],
) -> tuple[tuple[Json, ...], tuple[tuple[Digest, bytes], ...]]:
    """Return the decisions that a killed run had made, and what they stand on; those that are whole."""
    kept = [e for e in entries if e.get("type") == _ENTRY]
    attachments = dict(_attachments(kept))
    events = tuple(e.get("decision") for e in kept)
    return tuple(e for e in events if input_of(e) in attachments), tuple(attachments.items())


def _attachments(entries: Iterable[Mapping[str, Json]]) -> Iterator[tuple[Digest, bytes]]:
    for entry in entries:
        listed = entry.get("attachments")
        for text in (listed if isinstance(listed, Mapping) else {}).values():
            content = str(text).encode()
            yield digest_of_bytes(content), content
