"""The security plugin of the node, which is fine-grained access control: whom it believes, who administers it.

The node takes a request for that of the identity that its headers name. So only who decides who is who may reach it:
the front of the domain, which makes an IAM role's ARN both user and backend role, as the service does.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.emulator import certificates

PLUGIN = "opensearch-security"
#: The identity that may do everything, beside any master user of a domain. No IAM ARN is like it.
ADMINISTRATOR = "local-administrator"
_ADMINISTRATOR_ROLE = "local_administrator"
_CERTIFICATES = "transport"

_ADDRESS_HEADER, _USER_HEADER, _ROLES_HEADER = "x-forwarded-for", "x-proxy-user", "x-proxy-roles"

SETTINGS: Mapping[str, str] = {
    # Nodes talk to each other in TLS only, even where there is but one; HTTP stays on loopback.
    "plugins.security.ssl.transport.pemcert_filepath": f"{_CERTIFICATES}/localhost.pem",
    "plugins.security.ssl.transport.pemkey_filepath": f"{_CERTIFICATES}/localhost.key",
    "plugins.security.ssl.transport.pemtrustedcas_filepath": f"{_CERTIFICATES}/ca.pem",
    "plugins.security.ssl.http.enabled": "false",
    "plugins.security.nodes_dn": "CN=localhost",
    "plugins.security.allow_default_init_securityindex": "true",
    "plugins.security.restapi.roles_enabled": f"all_access,security_rest_api_access,{_ADMINISTRATOR_ROLE}",
    # Into the node's own log, once the audit log is enabled through the plugin's API.
    "plugins.security.audit.type": "log4j",
    "plugins.security.audit.config.log4j.logger_name": "audit",
    "plugins.security.audit.config.log4j.level": "INFO",
}


def identity(name: str = ADMINISTRATOR) -> dict[str, str]:
    """Headers with which the node takes a request for that of `name`, a backend role and a user at once."""
    return {_ADDRESS_HEADER: "127.0.0.1", _USER_HEADER: name, _ROLES_HEADER: name}


def configure(configuration: Path, *, proxies: str) -> None:
    """Write what the plugin reads at its first start, and the certificate of SETTINGS, to the node's folder `config`.

    `proxies` is a regular expression of the addresses whose headers are believed.
    """
    certificates.create(configuration / _CERTIFICATES)
    folder = configuration / PLUGIN
    folder.mkdir(exist_ok=True)
    # What the plugin brings along has users and mappings for a demonstration.
    for brought in folder.iterdir():
        brought.unlink()
    for kind, content in _documents(proxies).items():
        meta = {"type": kind.replace("_", ""), "config_version": 2}
        # JSON is YAML.
        (folder / f"{kind}.yml").write_text(json.dumps({"_meta": meta, **content}))


def _documents(proxies: str) -> dict[str, dict[str, Any]]:
    authentication = {
        "http_enabled": True,
        "transport_enabled": False,
        "order": 0,
        "http_authenticator": {
            "type": "proxy",
            "challenge": False,
            # The name of an IAM role may have commas in it, at which the plugin would split it. No ARN has a space.
            "config": {"user_header": _USER_HEADER, "roles_header": _ROLES_HEADER, "roles_separator": " "},
        },
        "authentication_backend": {"type": "noop"},
    }
    forwarded = {"enabled": True, "internalProxies": proxies, "remoteIpHeader": _ADDRESS_HEADER}
    dynamic = {
        "http": {"anonymous_auth_enabled": False, "xff": forwarded},
        "authc": {"front": authentication},
        "authz": {},
    }
    # Hidden: nobody sees it through the plugin's API, and no mapping made there can take it away.
    of_ours = {"reserved": True, "hidden": True}
    everything = {
        "cluster_permissions": ["*"],
        "index_permissions": [{"index_patterns": ["*"], "allowed_actions": ["*"]}],
        "tenant_permissions": [{"tenant_patterns": ["*"], "allowed_actions": ["kibana_all_write"]}],
    }
    return {
        "audit": {"config": {"enabled": False}},
        "config": {"config": {"dynamic": dynamic}},
        "roles": {_ADMINISTRATOR_ROLE: {**of_ours, **everything}},
        "roles_mapping": {_ADMINISTRATOR_ROLE: {**of_ours, "backend_roles": [ADMINISTRATOR]}},
        "internal_users": {},
        "action_groups": {},
        "tenants": {},
    }
