import os
from pathlib import Path

import pytest

from local import tools


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it; its PATH is the folder that is returned."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for variable in (
        "DASHBOARDS_HOME",
        "DATA_PREPPER_HOME",
        "JAVA_HOME",
        "OPENSEARCH_HOME",
        "TF_CLI_CONFIG_FILE",
        "TF_PLUGIN_MIRROR",
    ):
        monkeypatch.delenv(variable, raising=False)
    return programs


def install(folder: Path, name: str, prints: str, code: int = 0) -> Path:
    program = folder / name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' '{prints}'\nexit {code}\n")
    program.chmod(0o755)
    return program


def install_java(folder: Path, version: str = "17") -> Path:
    return install(folder, "java", f"    java.home = {folder.parent}\n    java.specification.version = {version}")


def provider(mirror: Path, version: str = tools.AWS_PROVIDER_VERSION) -> Path:
    (mirror / "registry.terraform.io" / "hashicorp" / "aws" / version / "linux_amd64").mkdir(parents=True)
    return mirror


@pytest.mark.usefixtures("machine")
def test_everything_missing_is_said_at_once() -> None:
    with pytest.raises(tools.MissingToolError) as error:
        tools.require(tools.terraform, tools.node, tools.opensearch)
    assert [one.tool for one in error.value.missing] == ["Terraform", "Node.js", "Java", "Maven", "Docker"]
    message = str(error.value)
    assert "Terraform: no terraform on PATH. Install Terraform 1.10 or later: https://" in message
    assert "Maven: no mvn on PATH. Install Maven: https://" in message


def test_all_there_is_no_error(machine: Path) -> None:
    install(machine, "terraform", '{"terraform_version": "1.10.0"}')
    install(machine, "node", "v22.1.0")
    install(machine, "mvn", "")
    install_java(machine)
    tools.require(tools.terraform, tools.node, tools.opensearch)
    assert tools.opensearch() == tools.Distribution("maven")


def test_old_terraform_is_refused(machine: Path) -> None:
    program = install(machine, "terraform", '{"terraform_version": "1.9.8"}')
    with pytest.raises(tools.MissingToolError, match=f"{program} has version 1.9.8. Install Terraform 1.10 or later"):
        tools.terraform()


def test_old_java_is_refused(machine: Path) -> None:
    install_java(machine, version="11")
    with pytest.raises(tools.MissingToolError, match="java has version 11"):
        tools.java_home()


def test_java_home_goes_before_path(machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_java(machine)
    install_java(tmp_path / "jdk" / "bin", version="21")
    assert tools.java_home() == tmp_path
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert tools.java_home() == tmp_path / "jdk"
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    (machine / "java").unlink()
    with pytest.raises(tools.MissingToolError, match="which has no bin/java"):
        tools.java_home()


def test_docker_needs_a_daemon(machine: Path) -> None:
    install(machine, "docker", "cannot connect", code=1)
    with pytest.raises(tools.MissingToolError, match="reaches no daemon"):
        tools.docker()
    install(machine, "docker", "28.0.1")
    assert tools.docker() == machine / "docker"
    assert tools.opensearch() == tools.Distribution("docker")
    assert tools.data_prepper() == tools.Distribution("docker")


def test_opensearch_home_goes_first(machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_java(machine)
    monkeypatch.setenv("OPENSEARCH_HOME", str(tmp_path / "opensearch"))
    with pytest.raises(tools.MissingToolError, match="which has no bin/opensearch"):
        tools.opensearch()
    install(tmp_path / "opensearch" / "bin", "opensearch", "")
    with pytest.raises(tools.MissingToolError, match="which has no plugins/opensearch-security"):
        tools.opensearch()
    (tmp_path / "opensearch" / "plugins" / "opensearch-security").mkdir(parents=True)
    assert tools.opensearch() == tools.Distribution("home", tmp_path / "opensearch")


def test_data_prepper_home_goes_first(machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tools.data_prepper() is None
    install_java(machine)
    monkeypatch.setenv("DATA_PREPPER_HOME", str(tmp_path / "data-prepper"))
    with pytest.raises(tools.MissingToolError, match=r"which has no lib/\*\.jar"):
        tools.data_prepper()
    (tmp_path / "data-prepper" / "lib").mkdir(parents=True)
    (tmp_path / "data-prepper" / "lib" / "core.jar").touch()
    assert tools.data_prepper() == tools.Distribution("home", tmp_path / "data-prepper")


def test_dashboards_home_goes_before_docker(machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(tools.MissingToolError, match=r"no DASHBOARDS_HOME and no Docker\. Name an unpacked"):
        tools.dashboards()
    install(machine, "docker", "28.0.1")
    assert tools.dashboards() == tools.Distribution("docker")
    monkeypatch.setenv("DASHBOARDS_HOME", str(tmp_path / "dashboards"))
    with pytest.raises(tools.MissingToolError, match="which has no bin/opensearch-dashboards"):
        tools.dashboards()
    install(tmp_path / "dashboards" / "bin", "opensearch-dashboards", "")
    assert tools.dashboards() == tools.Distribution("home", tmp_path / "dashboards")


def test_dashboards_in_docker_needs_linux(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(machine, "docker", "28.0.1")
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(tools.MissingToolError, match="no host networking"):
        tools.dashboards()


def test_browser_is_found_with_its_driver(machine: Path) -> None:
    with pytest.raises(tools.MissingToolError) as error:
        tools.browser()
    assert [one.tool for one in error.value.missing] == ["Chromium", "driver of Chromium"]
    chrome = install(machine, "google-chrome", "")
    with pytest.raises(tools.MissingToolError, match=r"no chromedriver on PATH\. Install Chromium and its driver"):
        tools.browser()
    driver = install(machine, "chromedriver", "")
    assert tools.browser() == tools.Browser(chrome, driver)
    chromium = install(machine, "chromium", "")
    assert tools.browser() == tools.Browser(chromium, driver)


@pytest.mark.usefixtures("machine")
def test_mirror_is_used_when_it_has_the_pinned_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = tmp_path / "mirror"
    monkeypatch.setenv("TF_PLUGIN_MIRROR", str(mirror))
    provider(mirror, version="5.99.0")
    assert tools.provider_mirror() != mirror
    provider(mirror)
    assert tools.provider_mirror() == mirror
    environment = tools.terraform_environment(tmp_path / "run")
    assert environment["CHECKPOINT_DISABLE"] == "1"
    configuration = Path(environment["TF_CLI_CONFIG_FILE"]).read_text()
    assert f'path    = "{mirror}"' in configuration
    assert 'include = ["registry.terraform.io/hashicorp/aws"]' in configuration
    assert 'exclude = ["registry.terraform.io/hashicorp/aws"]' in configuration


@pytest.mark.usefixtures("machine")
def test_packed_mirror_of_the_user_is_found(tmp_path: Path) -> None:
    mirror = tmp_path / "home" / ".terraform.d" / "plugins"
    packed = mirror / "registry.terraform.io" / "hashicorp" / "aws"
    packed.mkdir(parents=True)
    (packed / f"terraform-provider-aws_{tools.AWS_PROVIDER_VERSION}_linux_amd64.zip").touch()
    assert tools.provider_mirror() == mirror


@pytest.mark.usefixtures("machine")
def test_configuration_of_the_user_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_PLUGIN_MIRROR", str(provider(tmp_path / "mirror")))
    (tmp_path / "own.rc").touch()
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "own.rc"))
    assert "TF_CLI_CONFIG_FILE" not in tools.terraform_environment(tmp_path / "run")


@pytest.mark.usefixtures("machine")
def test_configuration_that_is_gone_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "provider_mirror", lambda: None)
    assert "TF_CLI_CONFIG_FILE" not in tools.terraform_environment(tmp_path / "run")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "gone.rc"))
    configuration = Path(tools.terraform_environment(tmp_path / "run")["TF_CLI_CONFIG_FILE"])
    assert configuration.read_text() == ""
    assert os.environ["TF_CLI_CONFIG_FILE"] != str(configuration)
