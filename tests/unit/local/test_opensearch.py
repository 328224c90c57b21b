import json
import re
import zipfile
from pathlib import Path

import pytest

from local import opensearch, processes, security


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Maven that copies a tiny distribution, whose installer of plugins keeps what it is told, into a folder."""
    archive = tmp_path / "distribution.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(f"opensearch-{opensearch.VERSION}/bin/opensearch", "#!/bin/sh\n")
        packed.writestr(
            f"opensearch-{opensearch.VERSION}/bin/opensearch-plugin",
            '#!/bin/sh\necho "$OPENSEARCH_JAVA_HOME $*" > "$(dirname "$0")/../installed"\n',
        )
    program = tmp_path / "mvn"
    copies = 'mkdir -p "${last#*=}"\ncp ' + str(archive) + ' "${last#*=}/opensearch.zip"'
    program.write_text(f"#!/bin/sh\nfor last; do :; done\n{copies}\n")
    program.chmod(0o755)
    monkeypatch.setattr("local.tools.maven", lambda: program)
    monkeypatch.setattr("local.tools.java_home", lambda: Path("/java"))
    monkeypatch.setattr(opensearch, "_CACHE", tmp_path / "cache")
    return program


def test_distribution_is_unpacked_once(maven: Path) -> None:
    home = opensearch._unpacked()
    assert (home / "bin" / "opensearch").stat().st_mode & 0o111
    assert re.fullmatch(r"/java install --batch file:///\S+\.zip\n", (home / "installed").read_text())
    maven.unlink()
    assert opensearch._unpacked() == home


def test_interrupted_fetch_leaves_nothing_that_is_taken_for_a_distribution(maven: Path) -> None:
    works = maven.read_text()
    maven.write_text("#!/bin/sh\necho 'no route to Maven Central'\nexit 1\n")
    with pytest.raises(processes.NotReadyError, match=r"could not be fetched(.|\n)*no route to Maven Central"):
        opensearch._unpacked()
    maven.write_text(works)
    assert (opensearch._unpacked() / "bin" / "opensearch").exists()


def test_command_for_a_container(tmp_path: Path) -> None:
    configuration = tmp_path / "opensearch-1" / "config"
    configuration.mkdir(parents=True)
    security.configure(configuration, proxies=".*")
    command = opensearch._container_command(Path("/bin/docker"), 9000, configuration)
    inside = "/usr/share/opensearch/config"
    assert command[:8] == [
        *(Path("/bin/docker"), "run", "--rm", "--name", "opensearch-1", "--publish", "127.0.0.1:9000:9200"),
        f"--volume={configuration}/opensearch-security:{inside}/opensearch-security:ro",
    ]
    assert f"--volume={configuration}/transport:{inside}/transport:ro" in command
    assert "--env=plugins.security.ssl.transport.pemkey_filepath=transport/localhost.key" in command
    assert "--env=DISABLE_INSTALL_DEMO_CONFIG=true" in command
    assert not any("port=" in str(argument) or "disabled" in str(argument) for argument in command)
    assert command[-1] == f"opensearchproject/opensearch:{opensearch.VERSION}"


def test_the_plugin_knows_nobody_but_the_administrator(tmp_path: Path) -> None:
    brought = tmp_path / "opensearch-security" / "internal_users.yml"
    brought.parent.mkdir()
    brought.write_text("admin: {hash: x}")
    (brought.parent / "whitelist.yml").write_text("{}")
    security.configure(tmp_path, proxies=r"127\.0\.0\.1")
    documents = {path.stem: json.loads(path.read_text()) for path in brought.parent.iterdir()}
    assert documents["internal_users"] == {"_meta": {"type": "internalusers", "config_version": 2}}
    assert "whitelist" not in documents
    assert documents["roles_mapping"].keys() == {"_meta", "local_administrator"}
    assert documents["config"]["config"]["dynamic"]["http"]["xff"]["internalProxies"] == r"127\.0\.0\.1"
    for name in ("pemcert_filepath", "pemkey_filepath", "pemtrustedcas_filepath"):
        assert (tmp_path / security.SETTINGS[f"plugins.security.ssl.transport.{name}"]).exists()
