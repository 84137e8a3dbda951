"""Environment: where releases run, what they cost at most, and what must be true before they may."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from trueup.spec.kinds.base import TAG, ApiVersion, Declared, Metadata
from trueup.spec.kinds.spellings import (
    Count,
    Currency,
    Day,
    Duration,
    EnvironmentRef,
    EvaluationRef,
    Items,
    Quantity,
    RepositoryPath,
    RuleId,
    RuleSet,
    Sentence,
    Time,
    refused,
)

Port = Annotated[int, Field(ge=0, le=65535)]


class ProcessTarget(Declared):
    """Model servers as local processes behind a local gateway."""

    type: Literal["process"] = Field(description="Processes on this machine.")
    host: Sentence = Field(default="127.0.0.1", description="Address the gateway listens on; loopback unless asked.")
    port: Port = Field(default=0, description="Port of the gateway, 0 to 65535; 0 takes a free one and keeps it.")


class KubernetesTarget(Declared):
    """Objects in a Kubernetes cluster."""

    type: Literal["kubernetes"] = Field(description="A Kubernetes cluster.")
    context: Sentence | None = Field(
        default=None, description="Context of the kubeconfig; the current one when absent."
    )
    namespace: Sentence = Field(default="default", description="Namespace of everything that is made.")
    workload: Literal["Deployment", "InferenceService", "LLMInferenceService", "LeaderWorkerSet", "RayService"] = Field(
        default="Deployment", description="Object that carries the servers."
    )
    gateway: Sentence | None = Field(default=None, description="Gateway of the routes, `namespace/name` [Gateway API].")
    hostname: Sentence | None = Field(default=None, description="Host name of the routes [Gateway API].")
    storage_class: Sentence | None = Field(default=None, description="Storage class of volumes for weights.")
    node_selector: dict[str, str] = Field(default_factory=dict, description="Labels of the nodes [Kubernetes].")


class RenderTarget(Declared):
    """Manifests written to a folder, for Argo CD or Flux to apply."""

    type: Literal["render"] = Field(description="Manifests in a folder.")
    path: RepositoryPath = Field(description="Folder, from the root of the repository.")
    layout: Literal["plain", "kustomize", "argocd", "flux"] = Field(
        default="plain", description="What is written around them."
    )
    namespace: Sentence = Field(default="default", description="Namespace of everything that is written.")
    workload: Literal["Deployment", "InferenceService", "LLMInferenceService", "LeaderWorkerSet", "RayService"] = Field(
        default="Deployment", description="Object that carries the servers."
    )


def _type(value: Any) -> str | None:
    found = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return f"{TAG}{found}" if isinstance(found, str) else None


Target = Annotated[
    Annotated[ProcessTarget, Tag(f"{TAG}process")]
    | Annotated[KubernetesTarget, Tag(f"{TAG}kubernetes")]
    | Annotated[RenderTarget, Tag(f"{TAG}render")],
    Discriminator(_type),
]


class AcceleratorPool(Declared):
    """Accelerators the environment has."""

    sku: Sentence = Field(description="Product, such as `h200_sxm` [Dynamo] or a node label.")
    count: Count = Field(description="How many.")
    memory_gib: float | None = Field(default=None, alias="memoryGiB", gt=0, description="Memory of one, in GiB.")
    price_per_hour: float | None = Field(
        default=None, ge=0, description="Price of one for an hour, in the budget's currency."
    )


class Quota(Declared):
    """The most that all deployments of the environment may take together."""

    accelerators: int | None = Field(default=None, ge=0, description="Accelerators.")
    replicas: int | None = Field(default=None, ge=0, description="Servers.")
    cpu: Quantity | None = Field(default=None, description="CPU cores [Kubernetes quantity].")
    memory: Quantity | None = Field(default=None, description="Main memory, such as `64Gi` [Kubernetes quantity].")
    storage: Quantity | None = Field(default=None, description="Disk, such as `500Gi` [Kubernetes quantity].")


class Budget(Declared):
    """The most it may cost [LiteLLM names]."""

    max_budget: float = Field(ge=0, description="Amount for one `budgetDuration`.")
    budget_duration: Duration = Field(description="Time the amount is for, such as `30d`.")
    currency: Currency = Field(default="USD", description="Currency [ISO 4217].")


class Prices(Declared):
    """What running costs here besides accelerators, in the budget's currency."""

    per_million_input_tokens: float | None = Field(default=None, ge=0, description="A million tokens read.")
    per_million_output_tokens: float | None = Field(default=None, ge=0, description="A million tokens written.")
    machine_per_hour: float | None = Field(
        default=None, ge=0, description="One machine without accelerators for an hour."
    )


class FreezeWindow(Declared):
    """A time in which nothing is applied: from `start` to `end`, or again and again by `schedule`."""

    name: Sentence | None = Field(default=None, description="What it is called in messages.")
    start: Time | None = Field(default=None, description="First moment [RFC 3339].")
    end: Time | None = Field(default=None, description="Last moment [RFC 3339].")
    schedule: Sentence | None = Field(default=None, description="Cron expression of its starts [Argo CD sync windows].")
    duration: Duration | None = Field(default=None, description="How long each lasts, such as `62h`.")
    time_zone: Sentence = Field(default="UTC", description="Time zone of `schedule`, such as `Europe/Berlin`.")
    allow_rollback: bool = Field(default=True, description="Whether a rollback may run all the same.")
    reason: Sentence | None = Field(default=None, description="Why.")

    @model_validator(mode="after")
    def _is_once_or_repeated(self) -> Self:
        once = self.start is not None and self.end is not None
        repeated = self.schedule is not None and self.duration is not None
        if once == repeated:
            raise refused(
                "A freeze window is not clear about when it is.",
                "give `start` and `end`, or `schedule` and `duration`",
                kind="rule",
            )
        if self.start and self.end and self.start >= self.end:
            raise refused("A freeze window ends before it starts.", "swap `start` and `end`", kind="rule")
        return self


class RequiredEvaluations(Declared):
    """Evaluations a release must have passed to run here."""

    required: Items[EvaluationRef] = Field(default=(), description="Evaluations, `name@version`.")
    run: Literal["before", "during"] = Field(
        default="before",
        description="`before`: evidence must exist when the plan is made; `during`: apply runs what is missing, before "
        "traffic moves.",
    )
    max_age: Duration | None = Field(
        default=None, description="Age at which any evidence is stale here, such as `14d`."
    )
    signed: bool = Field(
        default=False, description="Whether evidence counts only with a signature by one of the project's trusted keys."
    )


class ApprovalRole(Declared):
    """Approvals of one role."""

    role: Sentence = Field(description="Team or role.")
    count: Count = Field(default=1, description="How many of them.")
    members: Items[Sentence] = Field(
        default=(), description="Who has the role, by e-mail as git has it; with none named, nobody has it."
    )


SshKey = Annotated[
    str, Field(pattern=r"^(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}$", description="A public key.")
]
Fingerprint = Annotated[str, Field(pattern=r"^[0-9A-F]{40}([0-9A-F]{24})?$", description="Of a primary key.")]


class ApprovalSigner(Declared):
    """A key that signs approvals, and whose it is."""

    member: Sentence = Field(description="Whose it is, by e-mail as git has it.")
    ssh: SshKey | None = Field(
        default=None, description="Type and base64 of an SSH public key, `ssh-ed25519 AAAA...`, without a comment."
    )
    gpg: Fingerprint | None = Field(
        default=None, description="Fingerprint of the primary GPG key, in capitals and without blanks."
    )
    expires: Day | None = Field(default=None, description="Last day on which it counts.")

    @model_validator(mode="after")
    def _is_one_key(self) -> Self:
        if (self.ssh is None) == (self.gpg is None):
            raise refused("Who signs approvals is not clear about the key.", "give `ssh` or `gpg`", kind="rule")
        return self


class ApprovalPerson(Declared):
    """Somebody who approves and is known by more than one address, or by a name on the forge."""

    member: Sentence = Field(description="E-mail that stands for them in `roles` and `signers`.")
    also: Items[Sentence] = Field(default=(), description="Their other e-mails: they approve once, whichever they use.")
    login: Sentence | None = Field(default=None, description="Their name on the forge, for reviews.")


class Approvals(Declared):
    """Who must agree before apply."""

    required: int = Field(default=0, ge=0, description="Approvals in all.")
    roles: Items[ApprovalRole] = Field(default=(), description="Approvals by role.")
    separate_author: bool = Field(default=True, description="Whether the author's own approval does not count.")
    signers: Items[ApprovalSigner] = Field(
        default=(), description="Keys whose signatures approve a plan; those of the branch that governs count."
    )
    people: Items[ApprovalPerson] = Field(default=(), description="People with several e-mails or a name on the forge.")
    sources: Items[Literal["signature", "trailer", "review"]] = Field(
        default=("signature", "trailer", "review"),
        description="Where approvals may come from: signed tags and commits that name the plan, trailers of commits, "
        "reviews on the forge.",
    )

    @model_validator(mode="after")
    def _has_one_person_a_key(self) -> Self:
        named = [s.ssh or s.gpg for s in self.signers]
        if len(set(named)) < len(named):
            raise refused("One key that signs approvals is declared twice.", "one key is one person", kind="rule")
        return self

    @model_validator(mode="after")
    def _has_one_person_an_address(self) -> Self:
        named = [a.casefold() for p in self.people for a in dict.fromkeys((p.member, *p.also))]
        logins = [p.login.casefold() for p in self.people if p.login]
        if len(set(named)) < len(named) or len(set(logins)) < len(logins):
            raise refused("One address or login is declared for two people.", "name each person once", kind="rule")
        return self


def _not_off(value: Any) -> Any:
    if value == "off":
        raise refused(
            "`deny`, `warn` or `dryrun`", "write `dryrun`: the rule denies nothing, and what it finds is recorded"
        )
    return value


Enforcement = Annotated[Literal["deny", "warn", "dryrun"], BeforeValidator(_not_off)]


class PolicySettings(Declared):
    """How policy is enforced here: a rule's own setting decides, else its severity, capped by its rule set."""

    enforcement: Enforcement = Field(
        default="deny",
        description="The most a violation does: `deny` stops the plan, `warn` is shown, `dryrun` is only recorded.",
    )
    severities: dict[Literal["critical", "high", "medium", "low"], Enforcement] = Field(
        default_factory=dict,
        description="What violations of a severity do; by default critical and high deny, medium denies in production "
        "and warns elsewhere, low warns.",
    )
    rule_sets: dict[RuleSet, Enforcement] = Field(
        default_factory=dict, description="The most the rules of a set do, in place of `enforcement`, by rule set."
    )
    rules: dict[RuleId, Enforcement] = Field(
        default_factory=dict, description="What single rules do, whatever else is said, by id."
    )


class DeletionBudget(Declared):
    """The most one plan may delete; what a mark confirms does not count."""

    max: int | None = Field(default=None, ge=0, description="Number of deployments.")
    max_percent: float | None = Field(default=None, ge=0, le=100, description="Share of all deployments, 0 to 100.")
    confirm: bool = Field(
        default=False,
        description="Whether each deletion needs its mark, `trueup.dev/confirm-delete: NAME@RELEASE` among the "
        "annotations of the Environment, within the limits, too.",
    )


class Rollback(Declared):
    """What happens when a release goes bad."""

    mode: Literal["commit", "pull-request"] = Field(
        default="commit", description="How git is told: a commit at once, or a pull request."
    )
    automatic: bool = Field(default=True, description="Whether a failed gate or SLO takes the release back by itself.")
    window: Duration | None = Field(
        default=None, description="Age of a release after which it is no longer taken back by itself, such as `20m`."
    )


class Verification(Declared):
    """Who may have signed what runs here [Sigstore]."""

    identities: Items[Sentence] = Field(default=(), description="Identities that may have signed artifacts.")
    issuers: Items[Sentence] = Field(default=(), description="Issuers that may vouch for them.")
    registries: Items[Sentence] = Field(default=(), description="Registries that images may come from.")


class EnvironmentSpec(Declared):
    """What an Environment declares."""

    tier: Literal["dev", "staging", "production"] = Field(description="How much is at stake; policies ask for it.")
    upstream: EnvironmentRef | None = Field(default=None, description="Environment that releases are promoted from.")
    target: Target = Field(description="Where things run, by `type`.")
    region: Sentence | None = Field(default=None, description="Where the machines are.")
    data_residency: Items[Sentence] = Field(default=(), description="Where data may be kept and processed.")
    accelerators: Items[AcceleratorPool] = Field(default=(), description="Accelerators it has.")
    quota: Quota | None = Field(default=None, description="The most all deployments may take.")
    budget: Budget | None = Field(default=None, description="The most it may cost.")
    prices: Prices | None = Field(default=None, description="What running costs besides accelerators.")
    freeze_windows: Items[FreezeWindow] = Field(default=(), description="Times in which nothing is applied.")
    evaluations: RequiredEvaluations = Field(
        default_factory=RequiredEvaluations.model_construct, description="Evaluations a release must have passed."
    )
    approvals: Approvals = Field(default_factory=Approvals.model_construct, description="Who must agree.")
    soak_time: Duration | None = Field(
        default=None, description="How long a release must have served upstream before it may come here, such as `24h`."
    )
    policy: PolicySettings = Field(
        default_factory=PolicySettings.model_construct, description="How policy is enforced."
    )
    deletion_budget: DeletionBudget | None = Field(default=None, description="The most one plan may delete.")
    rollback: Rollback = Field(
        default_factory=Rollback.model_construct, description="What happens when a release goes bad."
    )
    require_rollback_target: bool = Field(
        default=False, description="Whether a change needs a verified release to go back to; the first one is exempt."
    )
    verification: Verification | None = Field(default=None, description="Who may have signed what runs here.")
    auto_apply: bool = Field(default=False, description="Whether a merge is applied without a further yes.")


class Environment(Declared):
    """Where releases run: tier, upstream, target, budget, gates."""

    api_version: ApiVersion = Field(description="Version of this format.")
    kind: Literal["Environment"] = Field(description="The kind.")
    metadata: Metadata = Field(description="Name, labels, owner.")
    spec: EnvironmentSpec = Field(description="The declaration.")
