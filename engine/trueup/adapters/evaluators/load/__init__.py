"""The task `latency`: how fast a release answers at a declared number of requests at once."""
