"""Networks computed from their files in numpy: weights, tokenizer and forward pass of the Llama family."""
