"""Codes of what can be wrong with a declared document.

Its shape is SPEC140 to SPEC159, its references SPEC2xx, the files it includes SPEC3xx. What is wrong with a file as
YAML has its codes beside the reader.
"""

from trueup.core.diagnostics import Code

NOT_A_RESOURCE = Code(
    "SPEC140",
    "Document is not a resource",
    "Every document below the folders of `spec.specs` is a mapping with `apiVersion`, `kind`, `metadata` and `spec`. "
    "This one is a list or a single value.",
    "Write the document as a mapping, or move the file out of the declared folders.",
)
UNKNOWN_API_VERSION = Code(
    "SPEC141",
    "Unknown apiVersion",
    "`apiVersion` says how the document is to be read. One this trueup does not know cannot be read safely, and "
    "guessing could deploy something nobody meant.",
    "Write `apiVersion: trueup/v1alpha1`, or use a trueup that knows the version.",
)
UNKNOWN_KIND = Code(
    "SPEC142",
    "Unknown kind",
    "`kind` names none of the kinds that can be declared, so the document would be ignored without a word.",
    "Use one of the kinds of the reference page.",
)
UNKNOWN_FIELD = Code(
    "SPEC143",
    "Unknown field",
    "The kind has no such field here. A misspelled field that is silently ignored leaves its default in force, which "
    "is how limits and gates are lost.",
    "Correct the name; engine arguments and notes have fields of their own (`args`, `metadata.annotations`).",
)
MISSING_FIELD = Code(
    "SPEC144",
    "Missing field",
    "A field that has no safe default is absent.",
    "Add the field.",
)
WRONG_TYPE = Code(
    "SPEC145",
    "Wrong type of value",
    "The value has another type than the field: a number where text belongs, text where a list belongs. Nothing is "
    "converted silently, because `1.10` and `no` would change on the way.",
    "Write the value as the field's type; quotes make text of a number.",
)
WRONG_VALUE = Code(
    "SPEC146",
    "Value is not allowed here",
    "The field takes one of a few values, or a number in a range, and this is not one of them.",
    "Use one of the allowed values.",
)
WRONG_SPELLING = Code(
    "SPEC147",
    "Value is not spelled as it must be",
    "Names, references, digests, durations, quantities and addresses have one spelling, so that the same thing is "
    "never written in two ways.",
    "Write it as the hint shows.",
)
NUMERIC_VERSION = Code(
    "SPEC148",
    "Version lost its digits",
    "A version without quotes that looks like a fraction is read as a number: `1.10` becomes 1.1, which is another "
    "version.",
    "Put the version in quotes.",
)
FIELDS_DISAGREE = Code(
    "SPEC149",
    "Fields do not fit together",
    "Each field is right alone, but two of them contradict each other or one asks for another that is absent.",
    "Follow the hint.",
)
SECRET_VALUE = Code(
    "SPEC150",
    "Secret must be a reference",
    "A field that names a secret holds something else. Secrets in git stay in its history for ever, so only "
    "references are accepted; the value is not repeated here.",
    "Write `env:NAME` or `file:PATH`. If a real secret was written, rotate it.",
)
DUPLICATE = Code(
    "SPEC151",
    "Resource is declared twice",
    "Two documents declare the same address, so one of them would silently win.",
    "Remove one of them, or give it another name, version or environment.",
)

DANGLING_REFERENCE = Code(
    "SPEC201",
    "Reference to something that is not declared",
    "The document names a resource that no file of this revision declares.",
    "Correct the name, or declare the resource.",
)
WRONG_KIND_REFERENCE = Code(
    "SPEC202",
    "Reference to the wrong kind",
    "The name exists, but as another kind than the field asks for.",
    "Name a resource of the right kind.",
)
REFERENCE_CYCLE = Code(
    "SPEC203",
    "References go in a circle",
    "A model is made from itself, or an environment gets its releases from itself, through the chain that is shown. "
    "Nothing can come first in a circle.",
    "Remove one of the references.",
)

INCLUDE_ESCAPES = Code(
    "SPEC301",
    "Path leaves the repository",
    "A path is absolute, climbs with `..`, or is not written with `/`. Only files of the revision itself are read, so "
    "that what was reviewed is what runs and a pull request cannot read the machine that checks it.",
    "Move the file into the repository and name it from the root.",
)
INCLUDE_UNREADABLE = Code(
    "SPEC302",
    "Included file cannot be read",
    "The file that the document includes is not in this revision, leaves it through a link, or cannot be read.",
    "Add the file, or correct the path; paths start at the root of the repository.",
)
INCLUDE_NOT_TEXT = Code(
    "SPEC303",
    "Included file is not UTF-8 text",
    "Templates and cards are text in UTF-8. Other bytes would be read differently by different tools.",
    "Save the file as UTF-8.",
)
INCLUDE_TOO_LARGE = Code(
    "SPEC304",
    "Included file is too large",
    "An included text is limited to 256 KB: it becomes part of the resource, its digest and every diff of it.",
    "Shorten the text, or declare large data as a Dataset or an artifact.",
)
VERSION_CHANGED = Code(
    "SPEC161",
    "A merged version was changed",
    "A version of a model, prompt, dataset, evaluation, adapter or build has other content than when it was first "
    "merged. Evidence, approvals and records speak of the version, so its content never changes, not even by "
    "deleting the version and adding it again.",
    "Make a new version with the new content, and give this one its first content back.",
)

CODES = (
    NOT_A_RESOURCE,
    UNKNOWN_API_VERSION,
    UNKNOWN_KIND,
    UNKNOWN_FIELD,
    MISSING_FIELD,
    WRONG_TYPE,
    WRONG_VALUE,
    WRONG_SPELLING,
    NUMERIC_VERSION,
    FIELDS_DISAGREE,
    SECRET_VALUE,
    DUPLICATE,
    DANGLING_REFERENCE,
    WRONG_KIND_REFERENCE,
    REFERENCE_CYCLE,
    INCLUDE_ESCAPES,
    INCLUDE_UNREADABLE,
    INCLUDE_NOT_TEXT,
    INCLUDE_TOO_LARGE,
    VERSION_CHANGED,
)
