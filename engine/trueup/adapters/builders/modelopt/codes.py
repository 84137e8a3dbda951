"""What can go wrong while a model is quantized or exported."""

from trueup.core.diagnostics import Code

NO_TOOLCHAIN = Code(
    "ART301",
    "The build's toolchain is not installed",
    "Quantizing needs NVIDIA Model Optimizer, torch and transformers; an export for edge devices needs TensorRT "
    "Edge-LLM. They are large and no part of trueup itself.",
    "Install what the detail names, into the environment that `toolchain.interpreter` names if there is one.",
)
OTHER_TOOLCHAIN = Code(
    "ART302",
    "The installed toolchain is not the declared one",
    "Another version of these tools gives other bytes. A Build declares the versions, and nothing is built by others.",
    "Install the declared versions, or declare the installed ones as a new version of the Build.",
)
NEEDS_GPU = Code(
    "ART303",
    "This format cannot be made on a processor",
    "The tool computes this format in code that exists for NVIDIA GPUs only.",
    "Choose fp8, int8_sq, int4_awq or w4a8_awq, which are computed here, or build where a GPU is.",
)
BAD_CALIBRATION = Code(
    "ART304",
    "The calibration data cannot be used",
    "Scales are measured on examples of a dataset. It has too few of them, or rows without a text.",
    "Name another dataset or a smaller `calibration.size`. A row needs `text`, `prompt` (with `expected` if there is "
    "one) or `messages`.",
)
FAILED = Code(
    "ART305",
    "The toolchain could not build the artifact",
    "The process that does the work ended with an error. Nothing was admitted to the store.",
    "See the detail for what the tool said. A model of a kind that the tool does not know can be served unquantized.",
)
KILLED = Code(
    "ART306",
    "The building process was killed",
    "The operating system or somebody ended the process that did the work. Signal 9 without a known sender is mostly "
    "the kernel's, when memory runs out. Nothing was admitted to the store; the next try starts again.",
    "Give it more memory: besides half a gigabyte for the tools, about 1.5 times the bytes of the weights were "
    "measured for fp8, and 4 times for int4_awq. Then run the command again.",
)
BAD_EXPORT = Code(
    "ART307",
    "The toolchain's result is not what was asked for",
    "What was written is checked before it is admitted: every quantized weight has its scales, the configuration says "
    "what the Build says, and nothing of the model is missing. A server would load less without a complaint.",
    "Report it with the versions of the toolchain; another version may do it right.",
)
LOST_POSITIONS = Code(
    "ART308",
    "Rotary positions would be lost",
    "The model's rotary positions are not the plain ones, and the toolchain does not carry that over: transformers "
    "before 5 ignores what later releases write, and some exports drop it. Such a model answers well at first and "
    "badly later.",
    "Use a version of transformers that reads the model's config.json: for `rope_parameters` 5 or later.",
)
NEEDS_DEVICE = Code(
    "ART309",
    "An edge engine is built on its device",
    "TensorRT Edge-LLM builds an engine with the TensorRT of the very device that runs it, and for its GPU. This "
    "builder goes as far as the graph.",
    "Declare `stage: onnx` to build the graph here, and the engine from it or from the checkpoint on the device.",
)
NEEDS_IMAGE = Code(
    "ART310",
    "The Build names an image, and this builder runs none",
    "An image pins the whole toolchain. This builder runs the tools that are installed on this machine, which may be "
    "others.",
    "Take `toolchain.image` out and declare the versions of the tools, or build where images run.",
)

CODES = (
    NO_TOOLCHAIN,
    OTHER_TOOLCHAIN,
    NEEDS_GPU,
    BAD_CALIBRATION,
    FAILED,
    KILLED,
    BAD_EXPORT,
    LOST_POSITIONS,
    NEEDS_DEVICE,
    NEEDS_IMAGE,
)
