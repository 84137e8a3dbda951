"""What can go wrong with bundles of policies."""

from trueup.core.diagnostics import Code

ARCHIVE = Code(
    "POL050",
    "Bundle archive refused",
    "The archive is no gzipped tar, or has links, devices, paths that leave it or two files of one name, or is far "
    "larger than policies are.",
    "Build it again with `opa build`, or with `tar czf` over a folder of plain files.",
)
MANIFEST = Code(
    "POL051",
    "Bundle manifest is wrong",
    "`.manifest` is not JSON as OPA bundles have it, asks for Rego v0, or the bundle has files outside its `roots`.",
    "Correct `.manifest`: `roots` are paths below `data`, with slashes.",
)
ROOTS_OVERLAP = Code(
    "POL052",
    "Two bundles own one path",
    "The roots of two bundles overlap. Each could add to what the other's rules say.",
    "Change `roots` in the `.manifest` of one of them, or leave one bundle out.",
)
NOT_FETCHED = Code(
    "POL053",
    "Bundle was not fetched",
    "The project names a bundle from elsewhere that is not on this machine. Planning and judging use no network, and "
    "without all policies nothing can be decided.",
    "Run `trueup policy pull` first; a CI job does so before `trueup plan`.",
)
UNREACHABLE = Code(
    "POL054",
    "Bundle cannot be fetched",
    "The git repository, registry or server did not give what the pin names.",
    "Check the address, the pin and the credentials; then run `trueup policy pull` again.",
)
OTHER_CONTENT = Code(
    "POL055",
    "Bundle has another digest",
    "What was served is not what the pin names. It was not used.",
    "If the new content is meant, review it and change the pin; if not, find out who changed it.",
)
CLIENT_MISSING = Code(
    "POL056",
    "No client for OCI registries",
    "Bundles from OCI registries need the extra `oci`.",
    "Run `pip install 'trueup[oci]'`.",
)
EMPTY = Code(
    "POL057",
    "Bundle without policies",
    "The bundle has neither a Rego file nor a data file. A misspelt path must not switch rules off.",
    "Correct `source` or `folder`.",
)

CODES = (ARCHIVE, MANIFEST, ROOTS_OVERLAP, NOT_FETCHED, UNREACHABLE, OTHER_CONTENT, CLIENT_MISSING, EMPTY)
