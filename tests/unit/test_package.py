import base64
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from functions.package import STAMP, PackagingError, install, package

ROOT = Path(__file__).parents[2]
SEEDER = ROOT / "functions" / "seeder"


@pytest.fixture(scope="session")
def dependencies() -> Path:
    """The real ones, in the folder that `make setup` fills."""
    return install(SEEDER)


@pytest.fixture
def function(tmp_path: Path) -> Path:
    folder = tmp_path / "hello"
    folder.mkdir()
    (folder / "handler.py").write_text("x = 1\n", encoding="utf-8")
    (folder / "requirements.txt").write_text("# nothing\n", encoding="utf-8")
    return folder


@pytest.fixture
def installed(tmp_path: Path, function: Path) -> Path:
    """Dependencies of `function`, as `install` leaves them."""
    folder = tmp_path / "installed"
    (folder / "bin").mkdir(parents=True)
    (folder / "library-1.0.dist-info").mkdir()
    for name in ("library.py", "bin/script", "library-1.0.dist-info/RECORD"):
        (folder / name).write_text("y = 2\n", encoding="utf-8")
    (folder / STAMP).write_bytes(hashlib.sha256((function / "requirements.txt").read_bytes()).hexdigest().encode())
    return folder


def test_the_same_content_gives_the_same_bytes(dependencies: Path, tmp_path: Path) -> None:
    built = []
    for checkout in ("here", "somewhere/else"):
        function, libraries = tmp_path / checkout / "seeder", tmp_path / checkout / "libraries"
        shutil.copytree(SEEDER, function, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(dependencies, libraries)
        for path in (tmp_path / checkout).rglob("*"):
            os.utime(path, (time := random.randrange(10**9), time))  # noqa: S311 - any time
        built.append(package(function, libraries, tmp_path / checkout / "seeder.zip", {"items.ndjson": b"{}\n"}))
    assert built[0].path.read_bytes() == built[1].path.read_bytes()
    assert built[0].sha256 == built[1].sha256


def test_what_is_packed(function: Path, installed: Path, tmp_path: Path) -> None:
    (function / "__pycache__").mkdir()
    (function / "__pycache__" / "handler.cpython-311.pyc").write_bytes(b"")
    (function / ".DS_Store").write_bytes(b"")
    (function / "handler.py").chmod(0o600)
    built = package(function, installed, tmp_path / "new" / "hello.zip", {"items.ndjson": b"{}\n"})
    with zipfile.ZipFile(built.path) as archive:
        assert archive.namelist() == ["hello/handler.py", "items.ndjson", "library.py"]
        assert archive.read("items.ndjson") == b"{}\n"
        for member in archive.infolist():
            assert member.date_time == (1980, 1, 1, 0, 0, 0)
            assert member.external_attr >> 16 == 0o100644
            assert member.compress_type == zipfile.ZIP_STORED
    data = built.path.read_bytes()
    assert built.sha256 == hashlib.sha256(data).hexdigest()
    assert base64.b64decode(built.source_code_hash).hex() == built.sha256


@pytest.mark.parametrize("changed", ["hello/handler.py", "installed/library.py"])
def test_other_content_gives_other_bytes(function: Path, installed: Path, tmp_path: Path, changed: str) -> None:
    before = package(function, installed, tmp_path / "hello.zip")
    (tmp_path / changed).write_text("x = 3\n", encoding="utf-8")
    assert package(function, installed, tmp_path / "hello.zip").sha256 != before.sha256


def test_the_package_runs_from_its_zip(dependencies: Path, tmp_path: Path) -> None:
    item = {"order_id": {"S": "a"}}
    built = package(SEEDER, dependencies, tmp_path / "seeder.zip", {"items.ndjson": json.dumps(item).encode()})
    with zipfile.ZipFile(built.path) as archive:
        assert not [name for name in archive.namelist() if name.endswith((".so", ".pyd", ".dylib", ".pyc"))]
        archive.extractall(tmp_path / "task")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path / "task"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TABLE_NAME": "orders",
        "POWERTOOLS_SERVICE_NAME": "seeder",
    }
    ran = subprocess.run(
        [sys.executable, "-c", RUN_FROM_ZIP], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout.splitlines()[-1])
    assert seen["items"] == [item]
    assert seen["result"]["written"] == 1
    assert set(seen["origins"]) == {str(tmp_path / "task")}


def test_dependencies_that_are_not_there(function: Path, tmp_path: Path) -> None:
    with pytest.raises(
        PackagingError, match=r"missing does not hold what .*requirements\.txt asks for; run `make setup`"
    ):
        package(function, tmp_path / "missing", tmp_path / "hello.zip")


def test_dependencies_of_other_requirements(function: Path, installed: Path, tmp_path: Path) -> None:
    (function / "requirements.txt").write_text("# something\n", encoding="utf-8")
    with pytest.raises(PackagingError, match="run `make setup`"):
        package(function, installed, tmp_path / "hello.zip")
    assert not (tmp_path / "hello.zip").exists()


def test_a_folder_that_is_no_function(tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match=r"no requirements\.txt there; give the folder of a function"):
        package(tmp_path, tmp_path, tmp_path / "x.zip")


def test_a_package_that_lambda_does_not_take(function: Path, installed: Path, tmp_path: Path) -> None:
    with pytest.raises(
        PackagingError,
        match=r"hello\.zip would be 50\.0 MB, 50\.0 MB of it items\.ndjson; Lambda takes 50 MB; make that",
    ):
        package(function, installed, tmp_path / "hello.zip", {"items.ndjson": bytes(50_000_000)})
    assert not (tmp_path / "hello.zip").exists()


def test_install_again_does_nothing(function: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = install(function, tmp_path / "build")
    monkeypatch.setattr(sys, "executable", "/no/python")
    assert install(function, tmp_path / "build") == folder
    (function / "requirements.txt").write_text("# something\n", encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        install(function, tmp_path / "build")


def test_install_without_hashes_is_refused(function: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (function / "requirements.txt").write_text("jmespath==1.1.0\n", encoding="utf-8")
    with pytest.raises(PackagingError, match=r"pip could not install .*requirements\.txt; its reason is above"):
        install(function, tmp_path / "build")
    assert "Hashes are required" in capfd.readouterr().err
    with pytest.raises(PackagingError, match="run `make setup`"):
        package(function, tmp_path / "build" / "hello", tmp_path / "hello.zip")


RUN_FROM_ZIP = """
import json
import os
from pathlib import Path
from types import SimpleNamespace
import aws_lambda_powertools, boto3, fastjsonschema, jmespath, typing_extensions
from moto.server import ThreadedMotoServer
import seeder
from seeder.handler import handle

packages = [aws_lambda_powertools, fastjsonschema, jmespath, seeder]
context = SimpleNamespace(
    function_name="seeder",
    memory_limit_in_mb=512,
    invoked_function_arn="arn",
    aws_request_id="1",
    get_remaining_time_in_millis=lambda: 60_000,
)
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
os.environ["AWS_ENDPOINT_URL"] = "http://{}:{}".format(*server.get_host_and_port())
dynamodb = boto3.client("dynamodb")
dynamodb.create_table(
    TableName="orders",
    BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
)
result = handle({"action": "fill", "source": "file"}, context)
items = dynamodb.scan(TableName="orders")["Items"]
server.stop()
origins = [str(Path(typing_extensions.__file__).parent)]
origins += [str(Path(package.__file__).parents[1]) for package in packages]
print(json.dumps({"result": result, "items": items, "origins": origins}))
"""
