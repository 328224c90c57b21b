import zipfile
from pathlib import Path

import pytest

from local import opensearch, processes


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Maven that copies a tiny distribution into the folder it is told."""
    archive = tmp_path / "distribution.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(f"opensearch-{opensearch.VERSION}/bin/opensearch", "#!/bin/sh\n")
    program = tmp_path / "mvn"
    program.write_text(f'#!/bin/sh\nfor last; do :; done\ncp {archive} "${{last#*=}}/opensearch.zip"\n')
    program.chmod(0o755)
    monkeypatch.setattr("local.tools.maven", lambda: program)
    monkeypatch.setattr(opensearch, "_CACHE", tmp_path / "cache")
    return program


def test_distribution_is_unpacked_once(maven: Path) -> None:
    home = opensearch._unpacked()
    assert (home / "bin" / "opensearch").stat().st_mode & 0o111
    maven.unlink()
    assert opensearch._unpacked() == home


def test_interrupted_fetch_leaves_nothing_that_is_taken_for_a_distribution(maven: Path) -> None:
    works = maven.read_text()
    maven.write_text("#!/bin/sh\necho 'no route to Maven Central'\nexit 1\n")
    with pytest.raises(processes.NotReadyError, match=r"could not be fetched(.|\n)*no route to Maven Central"):
        opensearch._unpacked()
    maven.write_text(works)
    assert (opensearch._unpacked() / "bin" / "opensearch").exists()
