"""The Terraform stacks. Importing this package makes the provider's bindings lazy, before any module imports one."""

from stacks import bindings

bindings.make_lazy()
