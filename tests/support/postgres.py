"""A temporary PostgreSQL server on a free loopback port, thrown away at the end of the test run."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=120 -c listen_addresses=127.0.0.1"


def programs() -> Path | None:
    """The folder that holds initdb and pg_ctl, newest version first; None when PostgreSQL is not installed."""
    if found := shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda p: int(p.parts[-3]), reverse=True)
    return folders[0].parent if folders else None


class Cluster:
    """`with Cluster() as c: c.new_database()`. As root it runs under the account `postgres`, which refuses to run as root."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def __enter__(self) -> Cluster:
        folder = programs()
        if folder is None:
            raise RuntimeError("PostgreSQL is needed here: apt-get install postgresql")
        self._bin = folder
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self._folder = Path(tempfile.mkdtemp(prefix="bricol-pg-"))
        if self._as:
            account = pwd.getpwnam("postgres")
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", "bricol", "--auth=trust", "-E", "UTF8", "--no-sync")
        self._run("pg_ctl", "-D", data, "-w", "-l", str(self._folder / "log"), "-o", f"{OPTIONS} -p {self.port} -k {self._folder}", "start")
        return self

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_database(self) -> str:
        """The URL of a fresh database."""
        name = f"bricol_{os.getpid()}_{next(self._numbers)}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bricol", name)
        return f"postgresql+psycopg://bricol@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as, str(self._bin / program), *arguments]
        # files, not pipes: the server that pg_ctl starts keeps them open
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, cwd="/", timeout=60)
            if done.returncode:
                output.seek(0)
                raise RuntimeError(f"{program} failed: {output.read().decode(errors='replace')[-800:]}")
