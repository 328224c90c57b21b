"""The emulator process: moto with its gaps closed behind the gate, and the domain's front."""

import signal
import threading
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from local import processes
from local.emulator import (
    attribute_values,
    buckets,
    budgets,
    certificates,
    collections,
    domains,
    exports,
    lookups,
    streams,
)
from local.emulator.authorization import Authorizer
from local.emulator.configuration import ADDRESSES_FILE, ATTACHMENT_FILE, Addresses, Configuration
from local.emulator.front import Front, serve
from local.emulator.functions import Functions
from local.emulator.gate import Gate
from local.emulator.identity_pools import IdentityPools
from local.emulator.node import Node
from local.emulator.pipelines import Pipelines
from local.emulator.sign_in import SignIn
from local.emulator.user_pools import UserPools


class _RequestHandler(MotoRequestHandler):  # type: ignore[misc] # moto is untyped here
    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:  # noqa: ARG002 - werkzeug's names
        """Of a request that gets no answer; the connection would stay open, and its client wait."""
        self.close_connection = True


def run(configuration: Configuration) -> None:
    """Serves until SIGTERM or SIGINT; writes ADDRESSES_FILE to its directory as soon as it does."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    directory = configuration.directory
    authorizer = Authorizer(directory / "decisions.jsonl")
    certificate = certificates.create(directory / "tls")
    node = Node(directory / ATTACHMENT_FILE)
    front = Front(certificate, node, authorizer)
    application = Gate(DomainDispatcherApplication(create_backend_app), authorizer)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_RequestHandler)
    addresses = Addresses(
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        domain_endpoint=front.endpoint,
        ca_file=certificate.authority,
        decisions_log=directory / "decisions.jsonl",
        outbox=directory / "outbox.jsonl",
    )
    environment = {
        "AWS_ENDPOINT_URL": addresses.endpoint_url,
        "AWS_CA_BUNDLE": str(addresses.ca_file),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    pipelines = Pipelines(directory / "pipelines", configuration.engine, environment)
    pipelines.install()
    Functions(directory / "functions", authorizer, environment).install()
    exports.install(authorizer)
    buckets.install(authorizer)
    budgets.install()
    streams.install()
    attribute_values.install()
    lookups.install()
    UserPools(addresses.outbox).install()
    IdentityPools(authorizer).install()
    domains.install(front.endpoint, node)
    collections.install(front.endpoint, node)
    SignIn(authorizer).install()
    serve(front)
    threading.Thread(target=server.serve_forever, name="aws", daemon=True).start()
    processes.publish(addresses.model_dump_json(), directory / ADDRESSES_FILE)
    stopping.wait()
    pipelines.stop()
    server.shutdown()
    front.shutdown()
