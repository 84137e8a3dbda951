"""PolicyException: a rule that may be broken, by one resource, for a reason, until a day."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from trueup.core.ids import GLOB_PATTERN
from trueup.spec.kinds.base import ApiVersion, Declared, Metadata
from trueup.spec.kinds.spellings import Day, RuleId, Sentence


class PolicyExceptionMetadata(Metadata):
    """Metadata of an exception, which always has an owner."""

    owner: Sentence = Field(description="Team or person who answers for what is excused; a name in your directory.")


class PolicyExceptionSpec(Declared):
    """What a PolicyException declares."""

    rule: RuleId = Field(description="Id of the rule that is lifted, such as `SC-04`.")
    resource: Annotated[str, StringConstraints(pattern=GLOB_PATTERN)] = Field(
        description="Address of what it is lifted for, `Kind/name@version` or `Deployment/environment/name`; "
        "`*` and `?` "
        "stand for anything within a part. What names no resource is about `Environment/name`."
    )
    path: Sentence | None = Field(
        default=None, description="Field it is lifted for, such as `spec.format`; all of them when absent."
    )
    reason: Sentence = Field(description="Why the rule cannot be kept.")
    compensating_control: Sentence = Field(description="What is done in its place.")
    approved_by: Sentence = Field(
        description="Who agreed, `Name <e-mail>`: neither an author of the change nor who wrote this exception."
    )
    ticket: Sentence | None = Field(default=None, description="Where it was discussed.")
    expires: Day = Field(description="Last day it holds (UTC); 90 days ahead at most.")


class PolicyException(Declared):
    """A rule that may be broken, by one resource, for a reason, until a day."""

    api_version: ApiVersion = Field(description="Version of this format.")
    kind: Literal["PolicyException"] = Field(description="The kind.")
    metadata: PolicyExceptionMetadata = Field(description="Name, labels, owner.")
    spec: PolicyExceptionSpec = Field(description="The declaration.")
