"""Codes of what a workflow finds wrong with the whole rather than with one document."""

from trueup.core.diagnostics import Code

NO_PROJECT_IN_FILE = Code(
    "WRK001",
    "The project file declares no Project",
    "`trueup.yaml` is there, but holds no document of kind Project.",
    "Write one, as `trueup init` does.",
)
NOTHING_DECLARED = Code(
    "WRK002",
    "Nothing is declared",
    "The folders named in `trueup.yaml` hold no resource; probably `specs` names the wrong folder.",
    "Put YAML below the spec folders, or name the right ones in `spec.specs`.",
)
ONE_ENVIRONMENT = Code(
    "WRK003",
    "An environment must be named",
    "The command works in one environment, and several are declared.",
    "Name it with `-e`.",
)

NO_SUCH_HOLD = Code(
    "WRK004",
    "No such hold",
    "The deployment has no hold in force, or is not declared.",
    "`trueup hold list` shows the holds of an environment.",
)
UNREAD = Code(
    "WRK031",
    "Something in a spec folder was not read",
    "Below a folder of declarations lies a symbolic link, or a file that cannot be read. Links are not followed, and "
    "what cannot be read would count as removed: what it declared would be taken down.",
    "Put a regular file in its place that can be read. A folder elsewhere is named in `spec.specs` of `trueup.yaml`.",
)
NO_SUCH_RELEASE = Code(
    "WRK030",
    "No such release",
    "A release is named by its digest or the beginning of one, and exactly one of those that are declared, serve, "
    "served or come from upstream has to begin so.",
    "`trueup status` and `trueup explain Deployment/ENV/NAME` name releases.",
)
NOTHING_BELOW = Code(
    "WRK005",
    "A folder of the project file holds nothing",
    "`trueup.yaml` names a folder that does not exist, or that holds no file of the kind looked for there. Going on "
    "would switch off the rules, or delete the deployments, that were meant.",
    "Correct the name in `trueup.yaml`, or add the files; git leaves empty and ignored folders out.",
)

NO_WEIGHTS = Code(
    "WRK006",
    "No such weights",
    "The command looks into the weights of one Model or Adapter, named by kind, name and version.",
    "Name one that is declared and committed, such as `Model/tiny@1`.",
)

TRACKED_STATE = Code(
    "WRK007",
    "The state folder is under version control",
    "`.trueup` holds what trueup keeps on this machine: artifacts, journals, what runs. A commit that brings such "
    "files could bring artifacts that nobody fetched or built.",
    "Take it out of git (`git rm -r --cached .trueup`) and let `.gitignore` name it.",
)

NO_SOURCE = Code(
    "WRK008",
    "There is no source to pin",
    "What was named declares no `spec.source` whose bytes could be pinned: it is of a kind without one, or a model of "
    "a provider (`api://`), which has no bytes.",
    "Name a Model, Adapter or Dataset, `Kind/name@version`, or the YAML file that declares it.",
)
FILE_CHANGED = Code(
    "WRK009",
    "The file was changed meanwhile",
    "A YAML file is not what it was when its source was looked up, so nothing was written over it.",
    "Run the command again.",
)
NO_DATA = Code(
    "WRK020",
    "No such dataset",
    "What is to be scanned or compared with is no Dataset of this revision. A comparison would be left out without it.",
    "Name a Dataset that is declared: `Dataset/name@version`; inside a check, `name@version`.",
)
UNPINNED_DATA = Code(
    "WRK021",
    "The data has no digest",
    "Evidence about data is bound to its bytes, and without a digest nobody knows which those are.",
    "`trueup pin Dataset/name@version` writes the digest.",
)

UNKNOWN_RULE = Code(
    "POL081",
    "Unknown rule",
    "No rule of the policies has that id. Ids are those of METADATA `custom.id`, or `package/rule` for a rule without.",
    "`trueup policy list` shows all rules.",
)
UNJUDGED_ADDRESS = Code(
    "POL082",
    "Address without a place in the plan",
    "A rule is explained for what is declared in an environment; nothing of that address is.",
    "Name a resource as `trueup plan` shows it, such as `Deployment/prod/support` or `Model/tiny@2`.",
)
INPUT_FILE = Code(
    "POL083",
    "Document cannot be checked",
    "A file that was given to be checked is not JSON or YAML, cannot be read, or holds no document.",
    "Correct the file, or name another one.",
)
NOT_REQUIRED = Code(
    "WRK010",
    "Nothing here waits for these results",
    "Results are brought in for one deployment of an environment that requires the Evaluation.",
    "Name the Evaluation by `--evaluation name@version` and the deployment, and list it in the Environment's "
    "`evaluations.required`.",
)
NOT_BROUGHT_IN = Code(
    "WRK011",
    "These results cannot be bound to the release",
    "A result counts for exactly what it was measured of. The file does not say that it is about this model, or when "
    "it was measured; it is of other tasks, fewer examples or other settings than the Evaluation declares; a later "
    "result is recorded already; or the Evaluation declares a tool that measures by itself.",
    "Evaluate the release as it is served, under the name of its route, with the declared tasks and settings; say by "
    "`--model` what the tool called it, and by `--completed-at` when the run ended, where the file does not.",
)
NO_DOCUMENT = Code(
    "DOC001",
    "There is no such document of this",
    "A model card is about a Model; technical documentation is about a System, or about one Deployment of it.",
    "Name one: `trueup audit document model-card Model/tiny@2`, `trueup audit document annex-iv System/support`.",
)
NO_BILL = Code(
    "BOM001",
    "There is no bill of materials of this",
    "A bill is made of a Model, of a Deployment with what it serves, or of a Build that one model is built with.",
    "Name a Model or a Deployment: `trueup bom Model/tiny@2`, `trueup bom Deployment/prod/support`; or the model of a "
    "Build with `--model`.",
)

OTHER_PLAN = Code(
    "WRK012",
    "Another plan is approved than the one that is made now",
    "An approval is of one plan, by its id. What would be done now has another id: the declaration, what runs, the "
    "policies or the tool have changed since.",
    "Look at the plan that is made now (`trueup plan`), and approve that one if it is right.",
)
NOT_SIGNED = Code(
    "WRK013",
    "The approval was not signed",
    "An approval is a signed tag, and git could not write it: no key is set up to sign with, the key is locked, or the "
    "tag is there already.",
    "Set `user.signingKey` (and `gpg.format ssh` for an SSH key), or run the command that is shown where the key is.",
)
OWN_CHANGE = Code(
    "WRK014",
    "Authors do not approve their own change",
    "Whoever wrote a part of a change, under any of their addresses or keys, is no other pair of eyes.",
    "Have somebody else approve it.",
)
NO_SIGNATURES = Code(
    "WRK015",
    "Signed approvals do not count in this environment",
    "The environment declares in `approvals.sources` where approvals may come from, and signatures are not among them.",
    "Approve where it says: by a review on the forge, or by a trailer of the merge commit.",
)
WOULD_NOT_COUNT = Code(
    "WRK016",
    "The approval would not count",
    "It was signed, and by what the branch that governs declares it counts for nothing: the key is not among the "
    "`approvals.signers` of the environment there, or has expired. The tag was taken away again.",
    "Sign with a key that is declared, or have yours declared in a change of its own (docs/approvals.md).",
)
NOTHING_TO_APPROVE = Code(
    "WRK017",
    "There is nothing to approve",
    "A plan without changes is carried out by doing nothing.",
    "Plan again when something is to change.",
)
NO_SUCH_ROLLOUT = Code(
    "WRK018",
    "No rollout is under way",
    "Something was to be said to a rollout, and the deployment has none: it ended, or never shared its traffic.",
    "`trueup status` shows what is under way.",
)
NOT_UPSTREAM = Code(
    "PRM001",
    "Environments do not follow each other",
    "A release is promoted from the environment that the target declares as its `upstream`, so that no stage is left "
    "out.",
    "Promote stage by stage, or change `upstream` of the target environment.",
)
NOT_VERIFIED_UPSTREAM = Code(
    "PRM002",
    "Release is not verified upstream",
    "What is promoted is the release that was verified in the upstream environment and serves there, and the "
    "declaration says another one, or none was verified.",
    "Apply the upstream environment and let its checks pass, then promote.",
)
NOT_DECLARED_HERE = Code(
    "PRM003",
    "Deployment is not declared in both environments",
    "A promotion moves a release from one declared deployment to another of the same name; it does not decide on "
    "replicas, limits and runtimes for a new one.",
    "Declare the deployment in the environment that lacks it.",
)
STALE_PROMOTION = Code(
    "PRM004",
    "Promotion is not what was shown",
    "The file, or what is verified upstream, changed after the preview. Nothing was written.",
    "Look at the preview again, and promote again.",
)
HELD_UPSTREAM = Code(
    "PRM005",
    "Release is on hold upstream",
    "Somebody, or a rollback, put the release on hold in the environment it would come from.",
    "Lift the hold when its reason is gone: `trueup hold lift NAME -e ENV`.",
)
OTHER_RELEASE = Code(
    "PRM006",
    "Same names make another release there",
    "Under the runtime that the target environment declares, the same model, prompt and build give another release "
    "than the one that was verified upstream.",
    "Declare the same runtime or the same Build in both environments.",
)

CODES = (
    NO_PROJECT_IN_FILE,
    NOTHING_DECLARED,
    ONE_ENVIRONMENT,
    NO_SUCH_HOLD,
    NO_SUCH_RELEASE,
    UNREAD,
    NOTHING_BELOW,
    NO_WEIGHTS,
    TRACKED_STATE,
    NO_SOURCE,
    FILE_CHANGED,
    NO_DATA,
    UNPINNED_DATA,
    UNKNOWN_RULE,
    UNJUDGED_ADDRESS,
    INPUT_FILE,
    NOT_REQUIRED,
    NOT_BROUGHT_IN,
    NO_BILL,
    OTHER_PLAN,
    NOT_SIGNED,
    OWN_CHANGE,
    NO_SIGNATURES,
    WOULD_NOT_COUNT,
    NOTHING_TO_APPROVE,
    NO_SUCH_ROLLOUT,
    NOT_UPSTREAM,
    NOT_VERIFIED_UPSTREAM,
    NOT_DECLARED_HERE,
    STALE_PROMOTION,
    HELD_UPSTREAM,
    OTHER_RELEASE,
    NO_DOCUMENT,
)
