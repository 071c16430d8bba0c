"""What the end-to-end tests share: the built binary, certificates made as an operator makes them, servers, the real CLI."""

import pathlib
import sys

import pytest

# What the short and the long fault tests share.
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "faults"))

from harness import Certificates, Cli, Server, built_binary, reference_binary


@pytest.fixture(scope="session")
def binary():
    return built_binary()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def fresh(binary, certificates, tmp_path):
    """A server over TLS on an empty data folder, not initialised."""
    server = Server(binary, tmp_path, certificates)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(fresh):
    """A server that is initialised and unsealed."""
    fresh.initialise()
    fresh.unseal()
    return fresh


@pytest.fixture(params=["coffer", "bao"])
def cli(request, server, binary):
    """Our command line client, and the reference's, on the same server."""
    program = binary if request.param == "coffer" else reference_binary()
    return Cli(program, server)


@pytest.fixture
def bao(server):
    return Cli(reference_binary(), server)
