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
ABORTED = Code(
    "APP014",
    "The rollout was aborted",
    "What was measured while the release had a part of the traffic speaks against it, its servers stopped answering, "
    "or somebody said so. All traffic is back at the release that served before.",
    "Read the measurements above; fix the release and declare it as a new version, or lift the hold to try it again.",
)
SUPERSEDED = Code(
    "APP015",
    "A newer commit took the place of this rollout",
    "While the release had a part of the traffic, a commit declared another one. Traffic went back to the release that "
    "served before.",
    "Nothing: the newer commit is applied next. With a saved plan, plan again.",
)
RIVAL_MISSING = Code(
    "APP016",
    "A release of the experiment does not serve",
    "An experiment shares traffic with releases of other deployments, and one of them has no route here.",
    "Apply that deployment first, or take it out of `rollout.candidates`.",
)
NO_WAY_BACK = Code(
    "APP017",
    "What serves could not be started again",
    "The strategy ends what serves before the new release starts. That is done only when the old release can be "
    "started again: its artifact has to be in the store.",
    "Fetch or build the old release's artifact again (`trueup plan` says where it comes from), or use `blueGreen`.",
)
GIT_PENDING = Code(
    "APP018",
    "Git does not say yet what was taken back",
    "A release was taken back and traffic is safe, but the commit that says so could not be written or pushed.",
    "Nothing is lost: the next `trueup apply` or `trueup reconcile` lands it. `trueup status` shows what is pending.",
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
    ABORTED,
    SUPERSEDED,
    RIVAL_MISSING,
    NO_WAY_BACK,
    GIT_PENDING,
    NO_ROLLBACK_TARGET,
    UNKNOWN_ADDRESS,
    ARTIFACT_ABSENT,
    NO_SERVER,
)
