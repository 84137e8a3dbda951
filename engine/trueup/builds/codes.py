"""What checks before a build find, and what keeps them from being asked.

The last two digits of BLD101 to BLD120 are the number of the rule (V01 to V20).
"""

from trueup.core.diagnostics import Code

UNKNOWN_BUILD = Code(
    "BLD001",
    "No such Build or Model",
    "The address names nothing of that kind that is declared at this revision.",
    "Name it as `Build/name@version` or `name@version`.",
)
UNCLEAR_MODEL = Code(
    "BLD002",
    "Which model is meant is not clear",
    "A Build says how, and not of what: the model is that of the deployments that use the Build. None does, or those "
    "that do have several models.",
    "Name one with `--model name@version`.",
)
UNKNOWN_PRODUCT = Code(
    "BLD003",
    "No such accelerator",
    "The product is in no table of this version, so that neither its memory nor its capability is known.",
    "Spell it as the node label `nvidia.com/gpu.product` does, or say `--gpu all`.",
)
UNPINNED_SOURCE = Code(
    "BLD004",
    "What it is to be built from is not pinned",
    "A key says which bytes go in. A source without a digest may have other bytes tomorrow, and the result would lie "
    "under a key that stands for both.",
    "Write revision and digest into the YAML with `trueup pin`, and commit them.",
)
NETWORK_UNKNOWN = Code(
    "BLD100",
    "The network is not known",
    "Architecture and sizes decide what a builder takes and what memory is needed. They come from the "
    "`config.json` of the model when its artifact is in the store or in this repository, else from `dimensions`, "
    "`architecture` and `contextLength` of the Model.",
    "Declare the fields that the detail names, or fetch the model.",
)
OUTSIDE_WINDOW = Code(
    "BLD101",
    "The toolchain does not have the mode",
    "A mode of a Build exists in some versions of its tool and not in others: TensorRT-LLM has `trtllm-build` up "
    "to 1.2.1 and the PyTorch backend as default since 1.0. A mode is never changed into another one in silence: "
    "it makes another artifact.",
    "Declare a version within the window, or the mode that the hint names.",
)
UNSUPPORTED_ARCHITECTURE = Code(
    "BLD102",
    "The mode does not take this architecture",
    "Each backend has a list of architectures. One that is not on it fails after the weights were loaded, with "
    "`Unsupported model architecture`.",
    "Take a mode that lists the architecture, or another model.",
)
WRONG_WORLD = Code(
    "BLD103",
    "The network cannot be cut that way",
    "Tensor, pipeline and context parallelism multiply to the number of ranks, and attention is never cut along "
    "the context by these builders.",
    "Leave `context` at 1 and cut by `tensor` and `pipeline`.",
)
HEADS_NOT_DIVISIBLE = Code(
    "BLD104",
    "The heads do not divide among the ranks",
    "Every rank computes the same number of query heads.",
    "Take a `tensor` that divides the number of heads.",
)
CACHE_HEADS = Code(
    "BLD105",
    "The key-value heads do not divide among the ranks",
    "Ranks share the key-value heads evenly, or each head is repeated on the same number of ranks.",
    "Take a `tensor` that divides the number of key-value heads, or that they divide.",
)
EXPERTS_NOT_DIVISIBLE = Code(
    "BLD106",
    "The experts do not divide among the ranks",
    "Tensor and expert parallelism of a mixture multiply to `tensor`; experts that are left over would be dropped "
    "in silence.",
    "Take an `expert` that divides both `tensor` and the number of experts.",
)
TOO_MANY_STAGES = Code(
    "BLD107",
    "The layers do not divide among the stages",
    "Each stage of a pipeline needs a layer at least; the first stages take what is left over.",
    "Take a `pipeline` of at most the number of layers.",
)
SIZES_NOT_DIVISIBLE = Code(
    "BLD108",
    "The matrices do not divide among the ranks",
    "Widths are cut by `tensor`, and a group of weights that shares a scale must not be cut in two.",
    "Take another `tensor` or `groupSize`.",
)
WRONG_NUMBER_FORMAT = Code(
    "BLD109",
    "The accelerator does not compute with this format",
    "Formats of numbers need units that an accelerator has or has not, by its compute capability; some are made "
    "on a GPU only, or have to be in the source already.",
    "Take a format that the detail names as possible, or another accelerator.",
)
ATTENTION_FORMAT = Code(
    "BLD110",
    "Attention would not use what is declared",
    "FP8 attention needs FP8 weights, an FP8 cache and capability 8.9; an INT8 cache turns paged attention off, "
    "so that nothing of the cache is reused. The builder warns and goes on.",
    "Declare `kvCache: fp8` with a format that goes with it, or leave the argument out.",
)
IGNORED_ARGUMENT = Code(
    "BLD111",
    "Arguments of the builder exclude each other",
    "The builder refuses some pairs of arguments, and ignores others in silence.",
    "Leave out the one that has no effect.",
)
REWRITTEN_ARGUMENT = Code(
    "BLD112",
    "The builder takes another value",
    "`trtllm-build` rewrites sizes that do not fit each other, with a warning only. The value that it would take "
    "is shown.",
    "Declare the value that is shown, so that what is reviewed is what is built.",
)
CONTEXT_TOO_LONG = Code(
    "BLD113",
    "The context is longer than the network was made for",
    "Positions beyond `max_position_embeddings` times the scaling were never trained; answers get bad without an "
    "error.",
    "Declare a `max_seq_len` within it, or a model made for longer texts.",
)
WRONG_DTYPE = Code(
    "BLD114",
    "The type of the weights does not fit",
    "Weights that are not quantized are float16 or bfloat16; bfloat16 starts with capability 8.0, float32 takes "
    "twice the memory for nothing.",
    "Take `float16` or `bfloat16`.",
)
WRONG_TRANSFORMERS = Code(
    "BLD115",
    "This transformers loses what the export needs",
    "From version 5 on, an export to a TensorRT-LLM checkpoint has no rotary base and no scaling in it, without a "
    "warning: the engine then assumes 10000, and long answers are nonsense. Mixtures cannot be exported at all.",
    "Pin `transformers: 4.57.6` in the toolchain of a Build of mode `engine`.",
)
OUT_OF_MEMORY = Code(
    "BLD116",
    "It does not fit the accelerator",
    "Weights, activations, logits and what runtime and driver take are subtracted from the memory that programs "
    "see; the cache gets a share of the rest and has to hold one sequence of the declared length at least. "
    "Numbers are estimates for one rank, the fullest.",
    "Take fewer bytes a weight, a shorter context, a smaller batch, more accelerators or bigger ones; `trueup "
    "build REF --check --gpu all` shows which.",
)
DIFFERENT_TOOLS = Code(
    "BLD117",
    "What builds and what serves do not agree",
    "An engine loads in the version of TensorRT-LLM and TensorRT that built it, all parts of it, and with the "
    "sizes it was built for.",
    "Serve with the image that builds, or with the same versions.",
)
OUT_OF_DISK = Code(
    "BLD118",
    "The disk is too small",
    "Source, checkpoint and result lie side by side while a build runs, each about as large as its weights.",
    "Free disk (`trueup gc`), or put the store where there is room.",
)
NO_CALIBRATION = Code(
    "BLD119",
    "Scales have no data to be measured on",
    "The format measures its scales on examples. Without a Dataset, tools take one from the network that nobody "
    "pinned, and the same Build makes other bytes on another day.",
    "Declare a Dataset of purpose `calibration` under `quantization.calibration`, and have it fetched before a "
    "build without network.",
)
RUNS_FOREIGN_CODE = Code(
    "BLD120",
    "The build would run code of the model",
    "Remote code, pickled weights and model files of one's own run with the rights of the build.",
    "Take safetensors and a built-in architecture, or have an exception approved (SC-04, SC-05).",
)

UNKNOWN_ARGUMENT = Code(
    "BLD131",
    "The builder has no such argument",
    "`build` holds arguments of the builder under its own keys. One that it does not know, or no longer knows in the "
    "declared version, would end it after weights were loaded.",
    "Use a name that `trtllm-build` of that version has; docs/builds-engine.md lists them.",
)
WRONG_ARGUMENT = Code(
    "BLD132",
    "The value of an argument is wrong",
    "The builder takes another type there, or none but a few values.",
    "Use what the detail lists.",
)
ARGUMENT_OF_OURS = Code(
    "BLD133",
    "An argument names a place of the run",
    "Folders, timing caches and files of the build are chosen where it runs: a path in a Build would say nothing about "
    "the bytes, and name another file on another machine.",
    "Leave it out; adapters are declared under `adapters`.",
)
NOT_CONVERTED = Code(
    "BLD134",
    "No converter makes what is declared",
    "An engine is built from a checkpoint that `convert_checkpoint.py` or `quantize.py` writes, and neither has an "
    "option for that. It would be left out in silence.",
    "Leave it out, or take a format that the detail names; mode `pytorch` has others.",
)

GATE_NOT_CARRIED_OUT = Code(
    "BLD135",
    "A gate is not carried out",
    "A gate under `parity` that nothing computes would be relied on and hold nothing back: no task is scored, and "
    "logits of an engine are not computed, which runs on its own accelerator alone. A plan that rolls the build out is "
    "denied by policy (TU-01).",
    "Leave the gate out and require an Evaluation of what is served, or declare a PolicyException that says what "
    "stands in for it.",
)
OTHER_ARCHITECTURE = Code(
    "BLD136",
    "The Model declares another architecture than its files",
    "Checks and builders go by the `config.json` of the weights; plans and policies read what the Model declares.",
    "Declare the `architecture` that the configuration names, or the source that is meant, in a new version of the "
    "Model.",
)

NOT_SERVED = Code(
    "BLD141",
    "It cannot be served as it is asked for",
    "What an engine is cut into and what it was built for is decided; a server can ask for less and never for more. "
    "Addresses, ports and paths are chosen where it runs.",
    "Ask for what the detail allows, or build for more.",
)

NO_JOB = Code(
    "BLD151",
    "No Job can be rendered for it",
    "A Job runs the toolchain in an image, on a node with the declared accelerator, and hands the result to the store. "
    "What it needs for that has to be declared or named.",
    "Declare or name what the detail lists.",
)

CODES = (
    UNKNOWN_BUILD,
    UNCLEAR_MODEL,
    UNKNOWN_PRODUCT,
    UNPINNED_SOURCE,
    NETWORK_UNKNOWN,
    OUTSIDE_WINDOW,
    UNSUPPORTED_ARCHITECTURE,
    WRONG_WORLD,
    HEADS_NOT_DIVISIBLE,
    CACHE_HEADS,
    EXPERTS_NOT_DIVISIBLE,
    TOO_MANY_STAGES,
    SIZES_NOT_DIVISIBLE,
    WRONG_NUMBER_FORMAT,
    ATTENTION_FORMAT,
    IGNORED_ARGUMENT,
    REWRITTEN_ARGUMENT,
    CONTEXT_TOO_LONG,
    WRONG_DTYPE,
    WRONG_TRANSFORMERS,
    OUT_OF_MEMORY,
    DIFFERENT_TOOLS,
    OUT_OF_DISK,
    NO_CALIBRATION,
    RUNS_FOREIGN_CODE,
    UNKNOWN_ARGUMENT,
    WRONG_ARGUMENT,
    ARGUMENT_OF_OURS,
    NOT_CONVERTED,
    GATE_NOT_CARRIED_OUT,
    OTHER_ARCHITECTURE,
    NOT_SERVED,
    NO_JOB,
)
