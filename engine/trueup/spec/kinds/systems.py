"""System: the use case that law speaks of. Deployments serve it; policies read its risk and role."""

from typing import Literal

from pydantic import Field

from trueup.spec.kinds.base import ApiVersion, Declared, Metadata
from trueup.spec.kinds.spellings import Day, Items, Sentence


class HumanOversight(Declared):
    """Who watches and who can stop it [EU AI Act Art. 14]."""

    mode: Literal["in-the-loop", "on-the-loop", "in-command", "none"] = Field(
        description="`in-the-loop`: a person decides each case; `on-the-loop`: a person watches and steps in; "
        "`in-command`: a person decides when it is used at all."
    )
    stop_control: Sentence | None = Field(default=None, description="How it is stopped, in words or as a command.")
    contact: Sentence | None = Field(default=None, description="Who oversees it.")


class Transparency(Declared):
    """What people are told [EU AI Act Art. 50]."""

    notice: Sentence | None = Field(default=None, description="How people learn that they deal with a model.")
    content_marking: Literal["none", "metadata", "watermark", "c2pa"] = Field(
        default="none", description="How generated content is marked so that machines can tell."
    )
    documentation: Sentence | None = Field(default=None, description="Where users find instructions and limits.")


class ImpactAssessment(Declared):
    """An assessment that was made, and until when it holds."""

    type: Literal["DPIA", "FRIA", "AIIA", "TIA", "other"] = Field(
        description="DPIA [GDPR Art. 35], FRIA [EU AI Act Art. 27], AIIA [ISO 42005], TIA (transfer)."
    )
    ref: Sentence = Field(description="Number or address of the document.")
    approved_by: Sentence | None = Field(default=None, description="Who approved it.")
    valid_until: Day | None = Field(default=None, description="Last day it holds.")


class SystemSpec(Declared):
    """What a System declares."""

    intended_purpose: Sentence = Field(
        description="What it is meant for, in one or two sentences [EU AI Act Art. 3(12)]."
    )
    operator_role: Literal["provider", "deployer", "both", "importer", "distributor"] = Field(
        description="Our role towards it [EU AI Act Art. 3]."
    )
    risk_class: Literal["prohibited", "high-annex-iii", "high-annex-i", "transparency", "minimal"] = Field(
        description="Risk class [EU AI Act]."
    )
    gpai: Literal["none", "downstream", "provider", "systemic"] = Field(
        default="none", description="Relation to a general-purpose model [EU AI Act Ch. V]."
    )
    jurisdictions: Items[Sentence] = Field(
        default=(), description="Where it is offered or used: `EU`, `US`, `US-CA`, ... [ISO 3166]."
    )
    decision_impact: Literal["none", "assist", "significant"] = Field(
        default="none", description="Part it takes in decisions about people [CCPA ADMT]."
    )
    purpose_categories: Items[Sentence] = Field(
        default=(), description="Areas of use a rule may ask about: `employment`, `credit`, `education`, ..."
    )
    affected_groups: Items[Sentence] = Field(default=(), description="Who is affected by its output.")
    users: Items[Sentence] = Field(default=(), description="Who uses it [CycloneDX considerations].")
    use_cases: Items[Sentence] = Field(default=(), description="What it is used for [CycloneDX considerations].")
    technical_limitations: Items[Sentence] = Field(
        default=(), description="What it cannot do or does badly [CycloneDX considerations]."
    )
    performance_tradeoffs: Items[Sentence] = Field(
        default=(), description="What was given up for what [CycloneDX considerations]."
    )
    ethical_considerations: Items[Sentence] = Field(
        default=(), description="Risks for people and what is done about them [CycloneDX considerations]."
    )
    personal_data: bool | None = Field(default=None, description="Whether prompts or answers hold personal data.")
    human_oversight: HumanOversight | None = Field(default=None, description="Who watches it and can stop it.")
    transparency: Transparency | None = Field(default=None, description="What people are told.")
    impact_assessments: Items[ImpactAssessment] = Field(default=(), description="Assessments that were made.")
    standards: Items[Sentence] = Field(default=(), description="Standards it follows [SPDX standardCompliance].")
    contacts: Items[Sentence] = Field(default=(), description="Whom to write to about it.")
    incident_contact: Sentence | None = Field(
        default=None, description="Whom to tell of a serious incident [EU AI Act Art. 73]."
    )


class System(Declared):
    """The use case that law speaks of: purpose, role, risk, oversight, transparency."""

    api_version: ApiVersion = Field(description="Version of this format.")
    kind: Literal["System"] = Field(description="The kind.")
    metadata: Metadata = Field(description="Name, labels, owner.")
    spec: SystemSpec = Field(description="The declaration.")
