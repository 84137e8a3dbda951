"""What can be wrong with policies, and with evaluating them."""

from trueup.core.diagnostics import Code

UNREADABLE = Code(
    "POL001",
    "Policy file cannot be read",
    "A policy or data file is not UTF-8 text, is larger than a policy may be, or has a line that is too long.",
    "Save the file as UTF-8, break the line, split it, or move a large table to a `data.json`.",
)
TOO_DEEP = Code(
    "POL002",
    "Literal nested too deeply",
    "Brackets are nested so deeply that parsing would take exponential time, or the tree could not be read.",
    "Move the value to a data file (`data.json` or `data.yaml`), or split it into rules.",
)
SYNTAX = Code(
    "POL003",
    "Rego syntax error",
    "The file is not Rego v1. Rules need `if` before their body and `contains` for sets; string interpolation "
    "is not supported.",
    "Correct the place that the message names; write `sprintf` for text with values.",
)
UNSAFE = Code(
    "POL004",
    "Policy does not compile",
    "The file can be read, but a variable is never given a value, or an expression cannot be ordered.",
    "Look for a misspelt name, or bind the variable before it is used.",
)
UNKNOWN_FUNCTION = Code(
    "POL005",
    "Unknown function",
    "A call names neither a function of the bundle nor a builtin that every supported engine computes alike.",
    "Check the spelling and the imports; facts that Rego cannot compute are in `input.derived`.",
)
NOT_TAKEN_HINT = (
    "`docs/policy/engines.md` lists what may be called; facts that Rego cannot compute are in `input.derived`."
)
ARITY = Code(
    "POL006",
    "Wrong number of arguments",
    "A function is called with more or fewer arguments than it takes.",
    "Give the arguments that the function declares.",
)
REFUSED_BUILTIN = Code(
    "POL007",
    "Builtin that policies may not use",
    "It reaches the network or the environment, or gives another result each time. A decision could not be "
    "repeated from the record.",
    "Read the fact from the policy document instead.",
)
RECURSION = Code(
    "POL008",
    "Recursive rules",
    "A rule depends on itself. Rego forbids it, and a recursive function would exhaust the evaluator's stack.",
    "Break the cycle; walk nested values with `walk`.",
)
DEPENDENCY_DEPTH = Code(
    "POL009",
    "Chain of rules too long",
    "Rules depend on one another in a chain so long that evaluating it could exhaust the stack.",
    "Shorten the chain, or move the steps to data.",
)
DUPLICATE_DEFAULT = Code(
    "POL010",
    "Two defaults for one rule",
    "One of them would be used and nobody could tell which.",
    "Keep one `default` for the rule.",
)
SHADOWED = Code(
    "POL011",
    "Data shadows a policy package",
    "A data file has a value at a path where rules live. It would silently replace them, and their denials.",
    "Move the data file to another folder, or rename the key.",
)
LIBRARY_PACKAGE = Code(
    "POL024",
    "Package of the library",
    "A policy of the repository adds to a package of the rules that ship with trueup. Rego joins files of one "
    "package, so it would change what these rules say, with nothing to see in their own files.",
    "Give the package another name, outside `trueup`. To lift a rule for a resource, declare a PolicyException.",
)
RULE_SHAPE = Code(
    "POL012",
    "Not a rule that can be asked",
    "`deny`, `violation` and `warn` must be sets of results; a function or an object of that name never speaks.",
    'Write `deny contains {"id": ..., "msg": ...} if { ... }`.',
)
NEGATED_CALL = Code(
    "POL013",
    "Negated call on a field that may be missing",
    "When the field is missing, one Rego engine takes `not f(input.x)` as true and another as undefined: the "
    "same rule would deny here and pass there. So it is with comparisons other than `==`, with `in`, and with "
    "rules and functions that may have no value.",
    'Give the field a default, `object.get(r, "x", "")`; take it before, `x := r.x`, if only those that have it '
    "matter; put the call in a rule of its own and negate that; or import `future.keywords.not`.",
)
REGEX_CLASS = Code(
    "POL014",
    "Regex that differs between engines",
    "`\\d`, `\\w`, `\\s` and `\\b` mean ASCII in one engine and Unicode in another; a `{` that begins no repetition is "
    "a character in one and an error in another.",
    "Write the characters out: `[0-9]`, `[0-9A-Za-z_]`, `[ \\t\\r\\n]`, `\\{`.",
)
SPRINTF = Code(
    "POL015",
    "Format verb that differs between engines",
    "`sprintf` is called with a verb, flag or number of values that engines spell differently or refuse.",
    "Use `%v %s %d %q %x %.2f %05d`, as many as there are values.",
)
PACKAGE_CONFLICT = Code(
    "POL016",
    "Rule and package have one name",
    "A rule lies at the path of another package, so that a reference could mean either.",
    "Rename the rule or the package.",
)
DUPLICATE_ID = Code(
    "POL017",
    "Two rules with one id",
    "Exceptions, reports and records name rules by id; two rules with one id cannot be told apart.",
    "Give each rule an id of its own.",
)
METADATA = Code(
    "POL018",
    "METADATA comment is wrong",
    "The comment block after `# METADATA` is not YAML with the fields that rules have.",
    "See `docs/policy/writing-rules.md` for the fields.",
)
METADATA_FIELD = Code(
    "POL037",
    "METADATA field that nothing reads",
    "Its name is nearly that of a field that is read, or it stands outside `custom` and belongs into it.",
    "Correct the name; fields of your own may have any other name below `custom`.",
)
DATA_FILE = Code(
    "POL019",
    "Policy data file is wrong",
    "It is not JSON or YAML, it is not an object, a key comes twice, it holds what JSON has no word for, or two files "
    "claim the same place.",
    "Correct the file; one `data.json` or `data.yaml` a folder.",
)
DATA_SCHEMA = Code(
    "POL038",
    "Policy data does not fit its schema",
    "The `schema.json` beside a data file, or beside the one of the library that it replaces, says what rules expect. "
    "A rule over other data would be silent.",
    "Correct the data file; the schema's `description` says what a field means.",
)
SCHEMA = Code(
    "POL039",
    "Schema of policy data is wrong",
    "It is not JSON, no JSON Schema, or refers to what is not inside it.",
    "Correct the file; `$ref` may point to `#/$defs/...`.",
)
LIBRARY_MISSING = Code(
    "POL020",
    "Rule library not found",
    "The rules that ship with trueup are neither in the installed package nor beside the source checkout.",
    "Install trueup again.",
)
UNKNOWN_REFERENCE = Code(
    "POL022",
    "Reference to nothing",
    "A rule reads a path below `data` that neither a rule nor a data file of the bundle gives. It would be "
    "undefined for ever, and the rule silent.",
    "Check the spelling and the package; a data file appears under the folder it lies in.",
)
WITH_ON_SOME = Code(
    "POL023",
    "`with` on an iteration",
    "One Rego engine applies `with` to the iteration alone, another to the rest of the body as well: the "
    "statements after it would read another document.",
    "Take the value first: `found := rule with input as x`, then `some r in found`.",
)
NUMBERS = Code(
    "POL025",
    "Number that engines compute differently",
    "One Rego engine has exact decimal numbers, another has binary fractions and 64-bit integers: `0.1 + 0.2 == 0.3` "
    "is true in one and false in the other.",
    "Compute with whole numbers in a smaller unit: cents, MiB, per mille.",
)
TEXT_LENGTH = Code(
    "POL026",
    "Length of a text",
    "`count` of a text gives characters in one Rego engine and parts of characters in another.",
    "Match the text with `regex.match`, or count what `split` gives.",
)
SCHEMA_ERRORS = Code(
    "POL027",
    "Messages of `json.match_schema`",
    "Whether a value matches is the same in all Rego engines; the messages that say why are not.",
    "Take the first part alone: `[matches, _] := json.match_schema(value, schema)`.",
)
PATCH = Code(
    "POL028",
    "`json.patch` in a rule",
    "Where a path is absent, one Rego engine has an error and another no value, so that a rule denies here and passes "
    "there.",
    "Use `object.union` and `object.remove`. Tests may use `json.patch`.",
)
ITERATION = Code(
    "POL029",
    "Iteration over a single value",
    "A text, a number, a boolean or null has no members. One Rego engine refuses the rule, another ends it with an "
    "error.",
    "Name the collection that is meant.",
)
WHOLE_SETS = Code(
    "POL049",
    "Sets by key, all at once",
    "While no key has a set, `p` of `p[key] contains ...` is an empty object in one Rego engine and has no value in "
    "another.",
    "Ask for a key, `p[key]`, or iterate, `some key, members in p`.",
)
EXCEPTION_RULE = Code(
    "POL060",
    "Exception in Rego",
    "A set named `exception` lifts rules in conftest. Here it would do nothing: exceptions are declared, with an "
    "owner, a reason and a day on which they end.",
    "Declare a PolicyException that names the rule and the resource, and remove the set.",
)
RESERVED_PATH = Code(
    "POL061",
    "Folder of policies with a reserved name",
    "Paths that begin with `@` name the library and the bundles: what lies in a folder of such a name would pass for "
    "them, and be trusted as they are.",
    "Rename the folder.",
)
EVALUATION = Code(
    "POL030",
    "Rule could not be evaluated",
    "The engine stopped with an error: a builtin got a value it cannot take, or two rules gave different "
    "values. A rule without an answer denies.",
    "Correct the rule at the place named; guard it with `is_string(x)` and the like.",
)
TIMEOUT = Code(
    "POL031",
    "Policy took too long",
    "The evaluator did not answer within its time and was ended. A decision that was not made denies.",
    "Look for loops over large products; load large tables as objects and look keys up.",
)
WORKER_DIED = Code(
    "POL032",
    "Policy evaluator died",
    "The evaluator's process ended before it answered: out of memory, out of stack, or killed.",
    "Look for values that grow with every step. The next evaluation starts a new process.",
)
DOCUMENT_REFUSED = Code(
    "POL033",
    "Policy document refused",
    "The document is not JSON that engines agree on: a lone surrogate, a number out of range, nesting too deep.",
    "Correct the declared text or number that it comes from.",
)
ENGINE_UNUSABLE = Code(
    "POL035",
    "Rego engine cannot be used",
    "The installed `regorus` module is another build than the one trueup is tested with, or does not load.",
    "Install `gordon-to-regorus` at the version that trueup asks for, and no other package named regorus.",
)

FOLDER = Code(
    "POL080",
    "Folder without policies",
    "`--policies` names something that is no folder, holds no `.rego` file, or far more files than policies have.",
    "Name the folder that holds the policies.",
)

CODES = (
    UNREADABLE,
    TOO_DEEP,
    SYNTAX,
    UNSAFE,
    UNKNOWN_FUNCTION,
    ARITY,
    REFUSED_BUILTIN,
    RECURSION,
    DEPENDENCY_DEPTH,
    DUPLICATE_DEFAULT,
    SHADOWED,
    LIBRARY_PACKAGE,
    RESERVED_PATH,
    RULE_SHAPE,
    NEGATED_CALL,
    REGEX_CLASS,
    SPRINTF,
    PACKAGE_CONFLICT,
    DUPLICATE_ID,
    METADATA,
    METADATA_FIELD,
    DATA_FILE,
    DATA_SCHEMA,
    SCHEMA,
    LIBRARY_MISSING,
    UNKNOWN_REFERENCE,
    WITH_ON_SOME,
    NUMBERS,
    TEXT_LENGTH,
    SCHEMA_ERRORS,
    PATCH,
    ITERATION,
    WHOLE_SETS,
    EXCEPTION_RULE,
    EVALUATION,
    TIMEOUT,
    WORKER_DIED,
    DOCUMENT_REFUSED,
    ENGINE_UNUSABLE,
    FOLDER,
)
