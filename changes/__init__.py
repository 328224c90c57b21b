"""What becomes of what is deployed when one setting changes: planned by Terraform, as if all was applied before."""
