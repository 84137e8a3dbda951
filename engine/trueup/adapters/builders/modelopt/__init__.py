"""Quantized checkpoints by NVIDIA Model Optimizer, and ONNX of them by TensorRT Edge-LLM, on the processor."""
