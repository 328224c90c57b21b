"""Looks at a machine and an account before Terraform does, and says the way out of what would fail later.

Nothing is changed. Each check is a function over clients of AWS, or over what the machine has.
"""
