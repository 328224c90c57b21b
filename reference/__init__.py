"""The parts of docs/ that are made from the code: written by `make docs`, held against it by tests."""
