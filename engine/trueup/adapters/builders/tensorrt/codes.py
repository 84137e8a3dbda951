"""What can go wrong while an engine is built: the failures that users of TensorRT-LLM report, and what to do."""

from trueup.core.diagnostics import Code

TOOLCHAIN_MISSING = Code(
    "ART401",
    "The toolchain of TensorRT-LLM is not here",
    "Mode `engine` runs `trtllm-build` from the PATH, or the declared image through docker or podman. Neither can be "
    "had on this machine.",
    "Render a Kubernetes Job for it (`trueup build REF --render-job`), or run this where the toolchain is.",
)
OTHER_TOOLCHAIN = Code(
    "ART402",
    "The toolchain is not the declared one",
    "Engines of one version of TensorRT-LLM and TensorRT load in no other, and the address of the result names the "
    "declared ones.",
    "Install the declared versions, declare what is there as a new version of the Build, or pin an image.",
)
OTHER_ACCELERATOR = Code(
    "ART403",
    "The accelerator here is not the declared one",
    "An engine loads on the compute capability that it was built on, and its kernels were timed on that very product. "
    "A shared or partitioned GPU gives times that mean nothing.",
    "Build on a whole GPU of the declared product: `trueup build REF --render-job` selects such a node.",
)
REFUSED = Code(
    "ART404",
    "The Build cannot be built as it is declared",
    "What is declared is checked before anything is spent on it, and something in it cannot work.",
    "Correct what the detail lists, as a new version of the Build.",
)
NOT_PINNED = Code(
    "ART405",
    "The image is not pinned",
    "A tag is another image tomorrow; the address of the result would name no toolchain.",
    "Declare `toolchain.image` with its digest: `nvcr.io/nvidia/tensorrt-llm/release@sha256:...`.",
)
NO_TEXTS = Code(
    "ART406",
    "The calibration data has no texts",
    "Scales are measured on texts. Rows need `text`, `prompt` or `messages`, and there must be as many as `size` says.",
    "Declare a Dataset of JSON lines with texts, or a smaller `calibration.size`.",
)
HOST_MEMORY = Code(
    "ART410",
    "The memory of the host was not enough",
    "The program was killed, or could not get memory. A conversion takes about 2.5 times the checkpoint of a rank, for "
    "each worker, and the next try would end the same way.",
    "Do not retry unchanged: set `build.workers: 1`, or build on a host with more memory; `--check` estimates it.",
)
GPU_MEMORY = Code(
    "ART411",
    "The memory of the GPU was not enough",
    "Building needs room for weights, activations and the tactics that are tried. It is decided by the declared sizes, "
    "so that the next try would end the same way.",
    "Do not retry unchanged: lower `max_num_tokens` and `max_batch_size`, keep `context_fmha` on, or cut by `tensor`.",
)
SERVING_MEMORY = Code(
    "ART412",
    "The engine leaves no memory for its cache",
    "It was built and loads, and the key-value cache then does not fit beside weights and activations.",
    "Lower `max_num_tokens`, `max_batch_size` or `free_gpu_memory_fraction`; `trueup build REF --check` shows what "
    "fits.",
)
WRONG_GPU = Code(
    "ART413",
    "The engine is for another GPU",
    "An engine loads on the compute capability that it was built on, and on no other.",
    "Serve it on the declared accelerator, or build one for this GPU.",
)
WRONG_TENSORRT = Code(
    "ART414",
    "The engine is of another TensorRT",
    "All four parts of the version have to be equal, 10.13.3.9 and not 10.13.",
    "Build and serve in one image, by digest.",
)
WRONG_WORLD = Code(
    "ART415",
    "The number of processes is not that of the ranks",
    "An engine is cut into `tensor` times `pipeline` ranks, and just as many processes have to load it.",
    "Start what the artifact says: its `trueup-build.json` has `world_size`.",
)
STALLED = Code(
    "ART416",
    "The toolchain came to no end",
    "Nothing was written to the log for a long time. Several GPUs that cannot reach each other hang like that.",
    "Look at the log that is named; try with one GPU, and `NCCL_P2P_DISABLE=1` where GPUs hang.",
)
ENGINE_FAILED = Code(
    "ART417",
    "TensorRT could not build the engine",
    "The builder's last line says only that it failed; the first error line, which is shown, says why. Quantized "
    "matrices that `tensor` cuts within a group are the usual reason.",
    "Read the first error line; see `trueup build REF --check` about divisibility and formats.",
)
UNKNOWN_ARCHITECTURE = Code(
    "ART418",
    "The toolchain does not know this architecture",
    "New architectures came to the PyTorch backend only, since October 2025.",
    "Declare mode `pytorch` in a new version of the Build.",
)
WRONG_BACKEND = Code(
    "ART419",
    "The other backend was meant",
    "The default backend changed from TensorRT to PyTorch in 1.0, and each has models that the other has not.",
    "Say `backend` where it is served; the rendered commands always do.",
)
NO_DISK = Code(
    "ART420",
    "The disk is full",
    "Source, checkpoint and engine lie side by side, each about as large as its weights. Nothing half-done was kept.",
    "Free disk (`trueup gc`), or put the store where there is room.",
)
BAD_COMMAND = Code(
    "ART421",
    "The toolchain does not take the command line",
    "It has other options than those that its version is known to have.",
    "Check `toolchain.tensorrtLlm` against what is installed, and leave out the argument that is named.",
)
CONTAINER_FAILED = Code(
    "ART422",
    "The container did not start",
    "docker or podman could not run the image: no daemon, no right to it, no image, or no GPU support.",
    "Pull the image first, and check that the NVIDIA Container Toolkit is installed.",
)
BROKEN_RESULT = Code(
    "ART423",
    "The engine is not what was asked for",
    "The toolchain ended well, and what it left has other ranks, sizes or formats than were resolved. It was not kept.",
    "Read what the detail lists; a toolchain that resolves otherwise than its version is known to is worth a report.",
)
FAILED = Code(
    "ART424",
    "The toolchain failed",
    "It ended with an error that is in none of the known classes. The first error line and the log are named.",
    "Read the log; when it is worth a class of its own, report it with these lines.",
)

CODES = (
    TOOLCHAIN_MISSING,
    OTHER_TOOLCHAIN,
    OTHER_ACCELERATOR,
    REFUSED,
    NOT_PINNED,
    NO_TEXTS,
    HOST_MEMORY,
    GPU_MEMORY,
    SERVING_MEMORY,
    WRONG_GPU,
    WRONG_TENSORRT,
    WRONG_WORLD,
    STALLED,
    ENGINE_FAILED,
    UNKNOWN_ARCHITECTURE,
    WRONG_BACKEND,
    NO_DISK,
    BAD_COMMAND,
    CONTAINER_FAILED,
    BROKEN_RESULT,
    FAILED,
)
