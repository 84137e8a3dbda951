"""Codes of what can be wrong with a file as YAML, before it is looked at as a resource: SPEC101 to SPEC139."""

from trueup.core.diagnostics import Code

TOO_LARGE = Code(
    "SPEC101",
    "File is too large",
    "A declared file is limited to 1 MB, about twenty times the largest file seen in practice, so that one file "
    "cannot exhaust the machine that checks a pull request.",
    "Split the file, or keep large texts and data sets in files of their own and refer to them.",
)
NOT_UTF8 = Code(
    "SPEC102",
    "File is not UTF-8",
    "YAML is read as UTF-8. A file in another encoding would be read differently by different tools.",
    "Save the file as UTF-8.",
)
CONTROL_CHARACTER = Code(
    "SPEC103",
    "Character that YAML does not allow",
    "Control characters, byte order marks inside a file, and the line separators that YAML 1.1 and 1.2 read "
    "differently are invisible in an editor and change what is read.",
    "Remove the character, or write it as an escape inside double quotes.",
)
SYNTAX = Code(
    "SPEC104",
    "Not valid YAML",
    "The file breaks the grammar of YAML. Reading stops at this place; problems below it show after it is mended.",
    "Look at the place named and the line above it: indentation, a missing quote, colon or bracket.",
)
TOO_DEEP = Code(
    "SPEC105",
    "Nested too deeply",
    "Lists and mappings nest 64 levels at most. Declared resources need about ten; deeper nesting is an attack or "
    "an accident, and crashes many YAML parsers.",
    "Flatten the document.",
)
EXPANSION = Code(
    "SPEC106",
    "Aliases expand too far",
    "Each alias stands for a copy of what its anchor marks. Copies of copies turn a small file into gigabytes, so "
    "aliases may add one million characters to a file and no more.",
    "Write the values out, or use fewer aliases.",
)
UNKNOWN_ALIAS = Code(
    "SPEC107",
    "Alias without an anchor",
    "An alias names an anchor that this document does not set before it. Anchors end with their document.",
    "Set the anchor with `&name` before the alias, or write the value out. A text that starts with `*` needs quotes.",
)
CYCLIC_ALIAS = Code(
    "SPEC108",
    "Alias inside what it stands for",
    "An alias stands inside the very list or mapping that its anchor marks, so the value would contain itself.",
    "Write the value out.",
)
DUPLICATE_KEY = Code(
    "SPEC109",
    "Key set twice",
    "A mapping has the same key twice. YAML forbids it, and most parsers silently keep the last, so a reviewer "
    "may read one value while another one counts.",
    "Remove one of the two.",
)
KEY_NOT_TEXT = Code(
    "SPEC110",
    "Key is not a text",
    "Keys are texts. A number, a boolean, null, a list or a mapping as key has no equal in JSON.",
    "Put the key in quotes.",
)
MERGE_KEY = Code(
    "SPEC111",
    "Merge keys are not YAML 1.2",
    "`<<` merged one mapping into another in YAML 1.1. YAML 1.2 dropped it, and parsers disagree about it, so it "
    "is refused instead of guessed at.",
    "Write the keys out, or put the key in quotes when it is meant as a plain key.",
)
TAG = Code(
    "SPEC112",
    "Tag is not supported",
    "Only the tags of the YAML 1.2 core schema are read (`!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!map`, "
    "`!!seq`). Others ask the reader to make objects of a program.",
    "Remove the tag.",
)
TAG_MISMATCH = Code(
    "SPEC113",
    "Value does not fit its tag",
    "A core tag names a type that the value is not spelled as.",
    "Remove the tag, or spell the value as the tag says.",
)
NUMBER_TOO_LARGE = Code(
    "SPEC114",
    "Integer is too long",
    "Integers of more than 4300 digits are refused: reading and writing them takes time that grows with the square "
    "of their length.",
    "Put it in quotes when it is a text.",
)
NOT_FINITE = Code(
    "SPEC115",
    "Number is not finite",
    "`.nan`, `.inf` and numbers beyond the range of a double cannot be spelled in JSON, which digests, policies "
    "and the ledger are written in.",
    "Give a finite number, leave the key out, or put the value in quotes when it is a text.",
)
YAML_1_1 = Code(
    "SPEC116",
    "Document says it is YAML 1.1",
    "The document starts with `%YAML 1.1` and is read as YAML 1.2, where `no` is a text and `0777` is 777.",
    "Remove the directive, or write `%YAML 1.2`.",
)
EDIT_NO_PLACE = Code(
    "SPEC131",
    "Nothing to edit at this place",
    "The path that should be edited does not exist in the document, or already exists where a new key should go.",
    "Check the path against the file.",
)
EDIT_NOT_SCALAR = Code(
    "SPEC132",
    "Only single values can be edited",
    "The place holds a list or a mapping over several lines, whose comments and layout nobody could keep, or the new "
    "value is one that YAML cannot spell.",
    "Edit what is inside it one by one, remove it and add the new one, or edit the file by hand.",
)
EDIT_NOT_EXACT = Code(
    "SPEC133",
    "Edit cannot be made exactly",
    "Automatic edits change the bytes of one value and nothing else, and are read back to prove it. Here the proof "
    "fails: the value is shared by an alias, a comment would go or could belong to either of two values, or the "
    "layout allows no change of this value alone.",
    "Edit the file by hand; where an alias shares the value, write it out first.",
)
EDIT_BROKEN_FILE = Code(
    "SPEC134",
    "File to edit is not valid",
    "The file has problems of its own, so that no edit of it can be proved.",
    "Run `trueup validate` and mend the file first.",
)

CODES = (
    TOO_LARGE,
    NOT_UTF8,
    CONTROL_CHARACTER,
    SYNTAX,
    TOO_DEEP,
    EXPANSION,
    UNKNOWN_ALIAS,
    CYCLIC_ALIAS,
    DUPLICATE_KEY,
    KEY_NOT_TEXT,
    MERGE_KEY,
    TAG,
    TAG_MISMATCH,
    NUMBER_TOO_LARGE,
    NOT_FINITE,
    YAML_1_1,
    EDIT_NO_PLACE,
    EDIT_NOT_SCALAR,
    EDIT_NOT_EXACT,
    EDIT_BROKEN_FILE,
)
