"""Builder of mode `engine`: TensorRT-LLM's own toolchain, as a local program or in its image."""
