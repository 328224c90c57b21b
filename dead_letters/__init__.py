"""Documents that OpenSearch did not take: why, and written after all, from the command line."""
