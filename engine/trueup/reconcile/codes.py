"""Codes of what can go wrong while a plan is applied."""

from trueup.core.diagnostics import Code

STALE_PLAN = Code(
    "APP001",
    "The plan is stale",
    "What the plan was made from has changed since: the desired state, the observed state, the policies or the tool. "
    "Applying it would do something other than what was reviewed.",
    "Plan again, review the new plan, apply that.",
)
DIRTY = Code(
    "APP002",
    "Uncommitted changes cannot be applied",
    "What runs must be a commit, so that the audit can name it. The folders trueup reads have uncommitted changes.",
    "Commit them, or apply a commit with `--revision`.",
)
ROLLOUT_FAILED = Code(
    "APP003",
    "A rollout did not finish",
    "A step of a rollout failed. Traffic stays on (or went back to) the release that served before.",
    "Read the failed step; fix its cause; apply again. What is done is not done twice.",
)
NOT_VERIFIED = Code(
    "APP004",
    "The release does not serve after traffic moved",
    "After the route changed, the target does not report the release as healthy behind the gateway.",
    "Look at the server's log named in the detail; `trueup status` shows what serves now.",
)
GATE_DENIED = Code(
    "APP005",
    "The gate denied the release",
    "With the evidence measured during apply, policy does not allow this release. Traffic did not move.",
    "Read the violations; the measured values stand beside the thresholds.",
)
PARITY_FAILED = Code(
    "APP013",
    "The build is not the equal of its source",
    "On the same tokens, what was built predicts something else than its source does, by more than the Build's "
    "`parity.logits` allows. Traffic did not move; the measurement is in the ledger.",
    "Build in a format that keeps more of the source, or raise the bounds in a new version of the Build if this loss "
    "is acceptable. `trueup plan` shows the measurement.",
)
NO_ROLLBACK_TARGET = Code(
    "APP006",
    "There is no release to roll back to",
    "A rollback goes to a release that was verified in this environment before and differs from the current one.",
    "`trueup audit log` shows what served; name one with `--to`, or change the release by a commit.",
)
UNKNOWN_ADDRESS = Code(
    "APP009",
    "No such resource",
    "The address names nothing that is declared at this revision.",
    "Addresses look like `Deployment/prod/support` or `Model/tiny@2`.",
)
ARTIFACT_ABSENT = Code(
    "APP010",
    "An artifact that must be there is not",
    "The store lost an artifact between planning and applying, or a fetch or build before it failed.",
    "Apply again; the plan will fetch or build it.",
)

NO_SERVER = Code(
    "APP012",
    "No server answers",
    "Something was to be asked of a server that is not running or not healthy.",
    "`trueup status` shows the servers of an environment and why one is not healthy.",
)

CODES = (
    STALE_PLAN,
    DIRTY,
    ROLLOUT_FAILED,
    NOT_VERIFIED,
    GATE_DENIED,
    PARITY_FAILED,
    NO_ROLLBACK_TARGET,
    UNKNOWN_ADDRESS,
    ARTIFACT_ABSENT,
    NO_SERVER,
)
