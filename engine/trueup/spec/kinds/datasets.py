"""Dataset: data for training, evaluation, calibration or drift, with what law and good practice ask about it."""

from typing import Literal

from pydantic import Field, JsonValue

from trueup.spec.kinds.base import ApiVersion, Attachment, Declared, Source, Text, VersionedMetadata
from trueup.spec.kinds.spellings import Count, Digest, Duration, Items, Language, License, Ratio, Sentence, Uri


class DistributionFile(Declared):
    """One file of the dataset [Croissant FileObject]."""

    name: Sentence = Field(description="Name of the file or file set.")
    content_url: Uri | None = Field(default=None, description="Where it is.")
    encoding_format: Sentence | None = Field(default=None, description="Media type, such as `application/jsonlines`.")
    digest: Digest | None = Field(default=None, description="Digest of the file [Croissant `sha256`].")


class RecordField(Declared):
    """One field of a record [Croissant Field]."""

    name: Sentence = Field(description="Name of the field, as it is in the data.")
    data_type: Sentence | None = Field(default=None, description="Type, such as `sc:Text` or `integer`.")
    description: Sentence | None = Field(default=None, description="What it holds.")
    sensitive: bool = Field(default=False, description="Whether it holds personal data.")


class RecordSet(Declared):
    """Records of one shape [Croissant RecordSet]."""

    name: Sentence = Field(description="Name of the record set.")
    field: Items[RecordField] = Field(default=(), description="Its fields.")


class PersonalData(Declared):
    """Personal data in the dataset [GDPR]."""

    present: bool = Field(description="Whether there is any.")
    categories: Items[Sentence] = Field(default=(), description="What kinds; Art. 9 ones by their name there.")
    lawful_basis: (
        Literal["consent", "contract", "legal-obligation", "vital-interests", "public-task", "legitimate-interests"]
        | None
    ) = Field(default=None, description="Lawful basis [GDPR Art. 6].")
    special_category_condition: Sentence | None = Field(
        default=None, description="Condition for special categories [GDPR Art. 9(2), AI Act Art. 10(5)]."
    )
    purpose: Sentence | None = Field(default=None, description="What it is processed for [GDPR Art. 5(1)(b)].")
    retention: Duration | None = Field(default=None, description="How long it is kept, such as `180d`.")
    region: Sentence | None = Field(default=None, description="Where it is kept.")
    erasure_ledger: Sentence | None = Field(default=None, description="Where erasure requests are recorded.")
    dpia: Sentence | None = Field(default=None, description="Reference to the impact assessment [GDPR Art. 35].")


class DataCheck(Declared):
    """A check the data must pass [Great Expectations and pandera wording]."""

    type: Sentence = Field(description="`not_null`, `unique`, `schema`, `drift`, ...; docs/data.md has all.")
    column: Sentence | None = Field(default=None, description="Field it looks at; the whole record when absent.")
    params: dict[str, JsonValue] = Field(default_factory=dict, description="Parameters of the check.")
    severity: Literal["error", "warning"] = Field(default="error", description="What a failure does.")


class Governance(Declared):
    """Who answers for the data [CycloneDX data governance]."""

    custodians: Items[Sentence] = Field(default=(), description="Who keeps it.")
    stewards: Items[Sentence] = Field(default=(), description="Who looks after its quality.")
    owners: Items[Sentence] = Field(default=(), description="Who decides about it.")


class Refresh(Declared):
    """When a newer snapshot is due."""

    schedule: Sentence | None = Field(default=None, description="Cron expression, UTC.")
    max_age: Duration | None = Field(default=None, description="Oldest snapshot that may be used, such as `90d`.")


class DatasetSpec(Declared):
    """What a Dataset declares."""

    source: Source = Field(description="Where the data comes from.")
    format: Literal["jsonl", "json", "csv", "parquet", "arrow", "text", "folder", "other"] | None = Field(
        default=None, description="Format of the files; told from their names when absent."
    )
    purpose: Literal["train", "finetune", "preference", "eval", "calibration", "drift-baseline"] = Field(
        description="What it may be used for; evaluation data is never trained on."
    )
    split: Sentence | None = Field(default=None, description="Split of the source that is meant, such as `test`.")
    license: License | None = Field(default=None, description="Licence of the data [SPDX expression].")
    license_link: Sentence | None = Field(default=None, description="Where the text of an unlisted licence is.")
    languages: Items[Language] = Field(default=(), description="Languages of the text [BCP 47].")
    dataset_size: Count | None = Field(default=None, description="Number of records [SPDX datasetSize].")
    data_collection_process: Sentence | None = Field(
        default=None, description="How it was collected [SPDX dataCollectionProcess]."
    )
    intended_use: Sentence | None = Field(default=None, description="What it is meant for [SPDX intendedUse].")
    known_bias: Items[Sentence] = Field(default=(), description="Known bias, in words [SPDX knownBias].")
    confidentiality_level: Literal["clear", "green", "amber", "red"] | None = Field(
        default=None, description="Who may see it [SPDX confidentialityLevel, TLP]."
    )
    has_sensitive_personal_information: Literal["yes", "no", "noAssertion"] | None = Field(
        default=None, description='Whether it holds sensitive personal data [SPDX]; quote `"yes"` and `"no"` or not.'
    )
    anonymization_method_used: Items[Sentence] = Field(
        default=(), description="How personal data was removed [SPDX anonymizationMethodUsed]."
    )
    personal_data: PersonalData | None = Field(default=None, description="Personal data in it [GDPR].")
    synthetic_share: Ratio | None = Field(default=None, description="Share of generated records, 0 to 1.")
    generated_by: Sentence | None = Field(default=None, description="Model or program that generated them.")
    distribution: Items[DistributionFile] = Field(default=(), description="Files [Croissant].")
    record_set: Items[RecordSet] = Field(default=(), description="Records and their fields [Croissant].")
    checks: Items[DataCheck] = Field(default=(), description="Checks it must pass.")
    governance: Governance | None = Field(default=None, description="Who answers for it.")
    refresh: Refresh | None = Field(default=None, description="When a newer snapshot is due.")
    bom: Attachment | None = Field(default=None, description="Its metadata document [Croissant, SPDX Dataset].")
    card: Text | None = Field(default=None, description="Data card, as text or `{file: ...}`.")


class Dataset(Declared):
    """Data: source and digest, purpose, licence, personal data, collection, checks."""

    api_version: ApiVersion = Field(description="Version of this format.")
    kind: Literal["Dataset"] = Field(description="The kind.")
    metadata: VersionedMetadata = Field(description="Name, version, labels, owner.")
    spec: DatasetSpec = Field(description="The declaration.")
