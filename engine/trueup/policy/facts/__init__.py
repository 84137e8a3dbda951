"""Facts of the policy document, one small pure module each: values in, JSON out."""
