"""Why a result is stale: which of the things it depends on are others now."""

from trueup.desired.state import RequiredEvaluation
from trueup.evidence.evidence import Evidence


def changed_inputs(required: RequiredEvaluation, older: Evidence) -> tuple[str, ...]:
    """Return the names of inputs that differ from those of an *older* result, sorted; none when it is only too old.

    A result from before inputs had names depends on nobody knows what: every input counts as changed.
    """
    before, now = dict(older.inputs), dict(required.inputs)
    return tuple(sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name)))
