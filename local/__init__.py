"""The local AWS: an emulator, a real OpenSearch node and a pipeline engine, as processes on loopback ports."""
