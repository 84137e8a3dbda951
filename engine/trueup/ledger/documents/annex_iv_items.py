"""What Annex IV of Regulation (EU) 2024/1689 asks, item by item, and which declared fields answer it.

Numbers as in the annex; what is asked is said in our own words and shortened. The text that counts is the Regulation's.
"""

from trueup.ledger.documents.asking import Ask, Template

_GENERAL = (
    Template(
        "1(a)",
        "Purpose, provider, version",
        "What the system is for, who provides it, and how its version relates to earlier ones.",
        (
            Ask("intended purpose", "System", "spec.intendedPurpose"),
            Ask("who answers for it here", "System", "metadata.owner"),
            Ask("our role towards it", "System", "spec.operatorRole"),
            Ask("name of the provider", "System", "annotation:annex-iv.provider"),
        ),
    ),
    Template(
        "1(b)",
        "What it works with",
        "How it works with hardware, software and other AI systems that are no part of it.",
        (
            Ask("answers in its place", "Deployment", "spec.fallbacks", optional=True),
            Ask("tools that it may call", "Prompt", "spec.tools", optional=True),
            Ask("guardrails", "Deployment", "spec.guardrails", optional=True),
        ),
        "annex-iv.1b",
        "other systems that it works with",
    ),
    Template(
        "1(c)",
        "Versions of software",
        "Versions of the software and firmware that matter, and what is asked about updating them.",
        (
            Ask("runtime", "Deployment", "spec.runtime.engine"),
            Ask("version of the runtime", "Deployment", "spec.runtime.version"),
            Ask("image", "Deployment", "spec.runtime.image", optional=True),
            Ask("tools of the build", "Build", "spec.toolchain", optional=True),
        ),
        "annex-iv.1c",
    ),
    Template(
        "1(d)",
        "Forms in which it is offered",
        "Every form in which it is placed on the market or put into service: package, download, API.",
        (Ask("name that clients send", "Deployment", "spec.gateway.modelName", optional=True),),
        "annex-iv.1d",
        "forms in which it is offered",
    ),
    Template(
        "1(e)",
        "Hardware",
        "The hardware that it is meant to run on.",
        (
            Ask("what one server takes", "Deployment", "spec.resources"),
            Ask("accelerators of the environment", "Environment", "spec.accelerators", optional=True),
            Ask("accelerator that it is built for", "Build", "spec.accelerator", optional=True),
        ),
        "annex-iv.1e",
    ),
    Template(
        "1(f)",
        "Product that it is a part of",
        "Pictures of that product's outside, marking and inner layout, where it is a part of one.",
        annotation="annex-iv.1f",
        needs="pictures of the product, or that it is a part of none",
    ),
    Template(
        "1(g)",
        "Interface for the deployer",
        "The user interface that a deployer gets, in short.",
        annotation="annex-iv.1g",
        needs="interface for the deployer",
    ),
    Template(
        "1(h)",
        "Instructions for use",
        "Instructions for the deployer.",
        (Ask("instructions and limits", "System", "spec.transparency.documentation"),),
        "annex-iv.1h",
    ),
)

_DEVELOPMENT = (
    Template(
        "2(a)",
        "How it was developed",
        "Methods and steps, and which systems and tools of others were used, joined in or changed.",
        (
            Ask("weights come from", "Model", "spec.source.uri"),
            Ask("made by", "Model", "spec.vendor"),
            Ask("made from", "Model", "spec.baseModel", optional=True),
            Ask("how it was made from that", "Model", "spec.relation", optional=True),
            Ask("method of training", "Model", "spec.training.method"),
            Ask("trainer", "Model", "spec.training.trainer", optional=True),
            Ask("licences", "Model", "spec.licenses"),
            Ask("adapter", "Adapter", "spec.method", optional=True),
            Ask("how the served artifact is made", "Build", "spec.mode", optional=True),
            Ask("quantization", "Build", "spec.quantization", optional=True),
        ),
        "annex-iv.2a",
    ),
    Template(
        "2(b)",
        "Design",
        "Logic and algorithms, choices and their reasons and assumptions, what is optimised, what output is expected.",
        (
            Ask("architecture", "Model", "spec.architecture"),
            Ask("task", "Model", "spec.task"),
            Ask("what was given up for what", "System", "spec.performanceTradeoffs"),
            Ask("people and groups it is meant for or touches", "System", "spec.affectedGroups"),
            Ask("part in decisions about people", "System", "spec.decisionImpact", optional=True),
            Ask("prompt", "Prompt", "spec.template", optional=True),
            Ask("decoding", "Prompt", "spec.modelConfig", optional=True),
            Ask("values that must be reached", "Evaluation", "spec.metricDecisionThreshold", optional=True),
        ),
        "annex-iv.2b",
    ),
    Template(
        "2(c)",
        "Architecture and computing",
        "How the components build on each other, and what computing developing, training and testing took.",
        (
            Ask("parameters", "Model", "spec.paramSize"),
            Ask("what training took", "Model", "spec.training.compute"),
        ),
        "annex-iv.2c",
    ),
    Template(
        "2(d)",
        "Data",
        "Data sheets: training methods and data, their origin, scope and character, how they were chosen, labelled and "
        "cleaned.",
        (
            Ask("trained on", "Model", "spec.datasets"),
            Ask("purpose", "Dataset", "spec.purpose"),
            Ask("comes from", "Dataset", "spec.source.uri"),
            Ask("how it was collected", "Dataset", "spec.dataCollectionProcess"),
            Ask("number of records", "Dataset", "spec.datasetSize", optional=True),
            Ask("languages", "Dataset", "spec.languages", optional=True),
            Ask("licence", "Dataset", "spec.license", optional=True),
            Ask("known bias", "Dataset", "spec.knownBias"),
            Ask("personal data", "Dataset", "spec.personalData"),
            Ask("checks and cleaning", "Dataset", "spec.checks"),
            Ask("labelling", "Dataset", "annotation:annex-iv.labelling"),
        ),
        "annex-iv.2d",
    ),
    Template(
        "2(e)",
        "Human oversight, by design",
        "Which measures of oversight (Article 14) are needed, and what helps deployers understand the output.",
        (
            Ask("oversight", "System", "spec.humanOversight.mode"),
            Ask("how it is stopped", "System", "spec.humanOversight.stopControl"),
            Ask("who oversees it", "System", "spec.humanOversight.contact"),
        ),
        "annex-iv.2e",
        "what helps deployers understand the output",
    ),
    Template(
        "2(f)",
        "Changes that were foreseen",
        "Changes of the system and its performance that were determined beforehand, and what keeps it compliant.",
        (Ask("how a new release takes over", "Deployment", "spec.rollout", optional=True),),
        "annex-iv.2f",
        "changes that were determined beforehand, or that there are none",
    ),
    Template(
        "2(g)",
        "Validation and testing",
        "Procedures, data and metrics of validation and testing (accuracy, robustness, discrimination), and dated and "
        "signed logs and reports.",
        (
            Ask("category", "Evaluation", "spec.category"),
            Ask("data", "Evaluation", "spec.dataset", optional=True),
            Ask("values that must be reached", "Evaluation", "spec.metricDecisionThreshold"),
        ),
        "annex-iv.2g",
    ),
    Template(
        "2(h)",
        "Cybersecurity",
        "Measures that were taken.",
        (
            Ask("digest that weights must have", "Model", "spec.source.digest"),
            Ask("signature of the weights", "Model", "spec.signature"),
            Ask("code that comes with the weights may run", "Model", "spec.trustRemoteCode", optional=True),
            Ask("guardrails", "Deployment", "spec.guardrails", optional=True),
            Ask("limits of clients", "Deployment", "spec.gateway.limits", optional=True),
        ),
        "annex-iv.2h",
    ),
)

_CONTROL = (
    Template(
        "3",
        "Monitoring, functioning and control",
        "What it can do and where it fails, accuracy overall and for groups of people, foreseeable unintended outcomes "
        "and risks, oversight, input.",
        (
            Ask("limits", "System", "spec.technicalLimitations"),
            Ask("risks for people and what is done about them", "System", "spec.ethicalConsiderations"),
            Ask("abilities", "Model", "spec.capabilities"),
            Ask("longest context", "Model", "spec.contextLength", optional=True),
            Ask("input that the prompt takes", "Prompt", "spec.variables", optional=True),
            Ask("what people are told", "System", "spec.transparency.notice"),
        ),
        "annex-iv.3",
    ),
    Template(
        "4",
        "Why these metrics",
        "Why the metrics of performance fit this system.",
        (Ask("metrics", "Evaluation", "spec.metrics", optional=True),),
        "annex-iv.4",
        "why these metrics fit",
    ),
    Template(
        "5",
        "Risk management",
        "The system of risk management (Article 9), in detail.",
        (
            Ask("risk class", "System", "spec.riskClass"),
            Ask("assessments", "System", "spec.impactAssessments"),
        ),
        "annex-iv.5",
        "description of risk management",
    ),
    Template("6", "Changes over its life", "What the provider changed that matters.", annotation="annex-iv.6"),
    Template(
        "7",
        "Standards",
        "Harmonised standards that were applied; where none were, the solutions in their place, and other standards.",
        (Ask("standards", "System", "spec.standards"),),
        "annex-iv.7",
    ),
    Template(
        "8",
        "EU declaration of conformity",
        "A copy of the declaration (Article 47).",
        annotation="annex-iv.8",
        needs="address of the declaration of conformity",
    ),
    Template(
        "9",
        "After it is on the market",
        "How performance is evaluated afterwards (Article 72), with the monitoring plan.",
        (
            Ask("what is watched", "Deployment", "spec.monitors"),
            Ask("what users may expect", "Deployment", "spec.slo"),
            Ask("what is kept of requests", "Deployment", "spec.logging"),
            Ask("how users say what they think", "Deployment", "spec.feedback"),
            Ask("who is called", "Deployment", "spec.onCall"),
            Ask("whom to tell of a serious incident", "System", "spec.incidentContact"),
        ),
        "annex-iv.9",
        "post-market monitoring plan",
    ),
)

SECTIONS = (
    ("1. General description", _GENERAL),
    ("2. Elements and development", _DEVELOPMENT),
    ("3 to 9. Control, risks, changes, conformity", _CONTROL),
)
"""The annex in order."""
