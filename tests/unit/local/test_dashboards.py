import json
from pathlib import Path

import pytest

from local import dashboards, processes, security

NODE = "http://127.0.0.1:9"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An unpacked Dashboards that prints its options and its settings, and ends."""
    program = tmp_path / "home" / "bin" / "opensearch-dashboards"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@"\ncat "$2"\nexit 3\n')
    program.chmod(0o755)
    monkeypatch.setenv("DASHBOARDS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def started(logs: Path) -> tuple[list[str], dict[str, object]]:
    """The options and the settings that the program got, which never becomes ready."""
    with pytest.raises(processes.NotReadyError, match="ended with code 3 before Dashboards is ready"):
        dashboards.start(NODE, logs)
    options, settings = (logs / "dashboards.log").read_text().splitlines()
    return options.split(), json.loads(settings)


def test_is_the_administrator_on_loopback_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    (option, file, *_), settings = started(tmp_path)
    assert option == "--config"
    port = settings.pop("server.port")
    assert isinstance(port, int)
    assert settings == {
        "server.host": "127.0.0.1",
        "server.basePath": "/_dashboards",
        "server.rewriteBasePath": True,
        "opensearch.hosts": [NODE],
        "opensearch.customHeaders": security.identity(),
        "path.data": str(Path(file).parent / "data"),
    }
    assert not Path(file).parent.exists()


@pytest.mark.parametrize(("account", "options"), [(0, ["--allow-root"]), (1000, [])])
def test_root_is_allowed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: int, options: list[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: account)
    assert started(tmp_path)[0][2:] == options


def test_the_security_plugin_is_off_where_it_is(home: Path, tmp_path: Path) -> None:
    (home / "plugins" / "securityDashboards").mkdir(parents=True)
    assert started(tmp_path)[1]["opensearch_security.enabled"] is False


def test_command_for_a_container(tmp_path: Path) -> None:
    settings = tmp_path / "dashboards-1" / "opensearch_dashboards.yml"
    assert dashboards._container_command(Path("/bin/docker"), settings) == [
        *(Path("/bin/docker"), "run", "--rm", "--init", "--network", "host", "--name", "dashboards-1"),
        f"--volume={settings}:/usr/share/opensearch-dashboards/config/opensearch_dashboards.yml:ro",
        f"opensearchproject/opensearch-dashboards:{dashboards.VERSION}",
    ]
