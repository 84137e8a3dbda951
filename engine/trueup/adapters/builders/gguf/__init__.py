"""Builds GGUF files from Llama-family safetensors with numpy, without torch."""
