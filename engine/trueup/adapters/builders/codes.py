"""What can go wrong while a served artifact is built."""

from trueup.core.diagnostics import Code

UNSUPPORTED_MODEL = Code(
    "ART201",
    "The builder does not know this kind of model",
    "The model's configuration asks for something that the builder would leave out or get wrong, and the result would "
    "answer differently from the model that was reviewed.",
    "Declare an artifact that the runtime can load as it is (a published GGUF), or serve the model unbuilt with a "
    "runtime that reads safetensors.",
)
MISSING_FILE = Code(
    "ART202",
    "A file that the build needs is missing",
    "A model folder needs config.json, tokenizer.json and its weights in safetensors.",
    "Add the file to the artifact and declare the new digest as a new version.",
)
BAD_FILE = Code(
    "ART203",
    "A model file cannot be understood",
    "A file of the model is no JSON, or lacks what every model of this kind has.",
    "Get the file again from where the model was published.",
)
DISAGREEING_WEIGHTS = Code(
    "ART204",
    "Configuration and weights disagree",
    "The tensors in the weights are not those that config.json describes: some are missing, too many, or of another "
    "shape. A server would fail to load the result, or load nonsense.",
    "Check that config.json and the weights are of the same model and revision.",
)
UNKNOWN_TOKENIZER = Code(
    "ART205",
    "The tokenizer cannot be carried over",
    "The rule that cuts text into words decides every token. It is taken over only when it is known for certain, "
    "because a wrong one loads without a complaint and answers badly.",
    "Name the rule as `preTokenizer` in a Build (`gpt-2`, `smollm`, `llama-bpe`, ...) if you know it.",
)
BAD_PARAMETER = Code(
    "ART206",
    "The build's parameters are wrong",
    "The Build asks for a parameter or a value that this builder does not have.",
    "Use what the detail lists.",
)
OVERFLOW = Code(
    "ART207",
    "Weights do not fit the number format",
    "A weight is larger than float16 can hold, so it would become infinite.",
    "Build with quantization Q8_0, which scales each block, or take another artifact.",
)

CODES = (
    UNSUPPORTED_MODEL,
    MISSING_FILE,
    BAD_FILE,
    DISAGREEING_WEIGHTS,
    UNKNOWN_TOKENIZER,
    BAD_PARAMETER,
    OVERFLOW,
)
