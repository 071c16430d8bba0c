"""What the tests with Docker share: the image, the client on the machines, certificates as docker/gen-certs makes them."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
DOCKER = HERE.parent
sys.path.append(str(HERE.parents[1] / "tests" / "e2e"))

from machines import NODES, sh

# Those of Debian's docker-compose and of Compose v2 that this machine has.
COMPOSES = [name for name in ("docker-compose", "docker compose")
            if shutil.which(name.split()[0]) and subprocess.run([*name.split(), "version"], capture_output=True).returncode == 0]


@pytest.fixture(scope="session")
def image():
    return os.environ.get("COFFER_IMAGE", "coffer:latest")


@pytest.fixture(scope="session")
def client(image, tmp_path_factory):
    """The binary of the image, for machines outside of containers."""
    path = tmp_path_factory.mktemp("client") / "coffer"
    container = sh("docker", "create", image).stdout.strip()
    try:
        sh("docker", "cp", f"{container}:/usr/local/bin/coffer", path)
    finally:
        sh("docker", "rm", "-v", container)
    return path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """The guide's CA and the three nodes' certificates, keys readable by root alone."""
    folder = tmp_path_factory.mktemp("certificates")
    done = sh(DOCKER / "gen-certs", folder, *(f"{name}.example.com={address}" for name, address in NODES.items()))
    assert done.stdout.count("server and client authentication") == 3
    return folder


@pytest.fixture(scope="session")
def child_dockerfile(image):
    """Changes the guide's Dockerfile for this base: where there is no apk, its line is a stated other one."""
    has_apk = subprocess.run(["docker", "run", "--rm", "--entrypoint", "sh", image, "-c", "command -v apk"],
                             capture_output=True).returncode == 0

    def change(path):
        text = path.read_text().replace("hashicorp/vault:latest", image).replace("FROM coffer:latest", f"FROM {image}")
        if not has_apk:
            text = text.replace("RUN apk add --no-cache ca-certificates && \\\n    update-ca-certificates",
                                "RUN update-ca-certificates")
            assert "apk add" not in text
        path.write_text(text)

    return change


def pytest_exception_interact(node, report):
    """What the containers said, beside a failure."""
    told = [value.tale() for value in getattr(node, "funcargs", {}).values() if hasattr(value, "tale")]
    report.sections.extend(("containers", text) for text in told)
