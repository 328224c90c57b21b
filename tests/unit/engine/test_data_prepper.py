import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local import tools
from local.emulator import certificates
from local.engine import LOG, REFUSED, data_prepper, launch

HOME_OPTIONS = ["-Xms256m", "-Xmx512m"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    authority = certificates.create(tmp_path / "tls").authority
    return {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:5000",
        "AWS_ACCESS_KEY_ID": "OSIS01",
        "AWS_SECRET_ACCESS_KEY": "secret-of-test",
        "AWS_REGION": "eu-west-1",
        "AWS_CA_BUNDLE": str(authority),
    }


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "body.yaml").write_text("version: '2'\n")
    return tmp_path / "orders"


def test_command_for_an_unpacked_distribution(
    directory: Path, tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home" / "lib").mkdir(parents=True)
    (tmp_path / "home" / "lib" / "data-prepper-core.jar").touch()
    monkeypatch.setenv("DATA_PREPPER_HOME", str(tmp_path / "home"))
    body = directory / "body.yaml"
    assert data_prepper.command(body, directory, environment) == [
        str(tools.java_home() / "bin" / "java"),
        *HOME_OPTIONS,
        f"-Djavax.net.ssl.trustStore={directory}/trust.p12",
        "-Djavax.net.ssl.trustStorePassword=changeit",
        "-Dfile.encoding=UTF-8",
        f"-Dlog4j.configurationFile={directory}/log4j2.properties",
        f"-Ddata-prepper.dir={directory}",
        *("-cp", f"{tmp_path}/home/lib/*", "org.opensearch.dataprepper.DataPrepperExecute"),
        *(str(body), f"{directory}/data-prepper-config.yaml"),
    ]


def test_files(directory: Path, environment: dict[str, str]) -> None:
    files = data_prepper.write_files(directory / "body.yaml", directory, environment)
    settings = json.loads(files.settings.read_text())
    assert 1024 < settings.pop("serverPort") < 65536
    assert settings == {
        "ssl": False,
        "processor_shutdown_timeout": "5s",
        "sink_shutdown_timeout": "5s",
        "source_coordination": {
            "store": {"dynamodb": {"table_name": "DataPrepperSourceCoordinationStore", "region": "eu-west-1"}}
        },
    }
    assert "rootLogger.appenderRef.stdout.ref = STDOUT" in files.log_settings.read_text()
    assert files.trust_store
    keytool = tools.java_home() / "bin" / "keytool"
    listing = subprocess.check_output([keytool, "-list", "-keystore", files.trust_store, "-storepass", "changeit"])
    assert b"trustedCertEntry" in listing
    assert {path.stat().st_mode & 0o777 for path in (files.body, files.settings, files.log_settings)} == {0o644}


def test_second_start_replaces_the_trust_store(directory: Path, environment: dict[str, str]) -> None:
    first = data_prepper.write_files(directory / "body.yaml", directory, environment)
    second = data_prepper.write_files(directory / "body.yaml", directory, environment)
    assert first.trust_store == second.trust_store


def test_command_for_a_container(directory: Path, environment: dict[str, str]) -> None:
    files = data_prepper.write_files(directory / "body.yaml", directory, environment)
    inside = "/usr/share/data-prepper"
    ours = {**environment, "PATH": "/ours/bin", "JAVA_HOME": "/ours/java"}
    command = data_prepper.in_container(Path("/bin/true"), files, directory, ours)
    assert command == [
        *("/bin/true", "run", "--rm", "--init", "--network", "host", "--name", "data-prepper-orders"),
        f"--volume={directory}/body.yaml:{inside}/pipelines/pipelines.yaml:ro",
        f"--volume={directory}/data-prepper-config.yaml:{inside}/config/data-prepper-config.yaml:ro",
        f"--volume={directory}/log4j2.properties:{inside}/config/log4j2.properties:ro",
        f"--volume={directory}/trust.p12:{inside}/config/trust.p12:ro",
        *("--env=AWS_ACCESS_KEY_ID", "--env=AWS_ENDPOINT_URL"),
        *("--env=AWS_REGION", "--env=AWS_SECRET_ACCESS_KEY"),
        *("opensearchproject/data-prepper:2.16.0", "java", *HOME_OPTIONS),
        f"-Djavax.net.ssl.trustStore={inside}/config/trust.p12",
        "-Djavax.net.ssl.trustStorePassword=changeit",
        "-Dfile.encoding=UTF-8",
        f"-Dlog4j.configurationFile={inside}/config/log4j2.properties",
        f"-Ddata-prepper.dir={inside}",
        *("-cp", f"{inside}/lib/*", "org.opensearch.dataprepper.DataPrepperExecute"),
        *(f"{inside}/pipelines/pipelines.yaml", f"{inside}/config/data-prepper-config.yaml"),
    ]
    assert "secret-of-test" not in " ".join(command)


def test_machine_without_data_prepper_is_told_how_to_get_it(
    directory: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "data_prepper", lambda: None)
    with pytest.raises(tools.MissingToolError, match=r"Name an unpacked Data Prepper 2\.16\.0 in DATA_PREPPER_HOME"):
        launch("data-prepper", directory / "body.yaml", directory, environment)


def test_container_needs_host_networking(
    directory: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "data_prepper", lambda: tools.Distribution("docker"))
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(tools.MissingToolError, match="Docker has no host networking on this system"):
        data_prepper.command(directory / "body.yaml", directory, environment)


def test_launch_runs_the_command_with_its_own_aws_environment(
    directory: Path, tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    java = tmp_path / "java"
    (java / "bin").mkdir(parents=True)
    (java / "bin" / "java").write_text("#!/bin/sh\nenv | grep ^AWS_ | sort\n")
    (java / "bin" / "java").chmod(0o755)
    keytool = tools.java_home() / "bin" / "keytool"
    (java / "bin" / "keytool").symlink_to(keytool)
    monkeypatch.setattr(tools, "data_prepper", lambda: tools.Distribution("home", tmp_path))
    monkeypatch.setattr(tools, "java_home", lambda: java)
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    with launch("data-prepper", directory / "body.yaml", directory, environment) as process:
        assert process.wait(30) == 0
    assert (directory / LOG).read_text().splitlines() == [
        *(f"{name}={environment[name]}" for name in ("AWS_ACCESS_KEY_ID", "AWS_CA_BUNDLE")),
        f"AWS_CONFIG_FILE={os.devnull}",
        "AWS_EC2_METADATA_DISABLED=true",
        *(f"{name}={environment[name]}" for name in ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_SECRET_ACCESS_KEY")),
        f"AWS_SHARED_CREDENTIALS_FILE={os.devnull}",
    ]


def test_launch_of_the_embedded_engine_gives_its_refusal(directory: Path, environment: dict[str, str]) -> None:
    with launch("embedded", directory / "body.yaml", directory, environment) as process:
        assert process.wait(60) == REFUSED
    assert "has no pipeline" in (directory / LOG).read_text()
