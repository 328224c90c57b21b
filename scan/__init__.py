"""Every environment's Terraform JSON against checkov's policies; `skips.yaml` says which need not hold, and why."""
