"""The border between words that are somebody's own and Terraform, which would take `${…}` and `%{…}` for templates."""

import re


def literal(text: str) -> str:
    """`text` so that Terraform passes it on as it is, but for CDKTF's own references."""
    return re.sub(r"\$\{(?!TfToken\[)", "$${", text).replace("%{", "%%{")
