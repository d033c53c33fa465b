"""`aksum` as operators run it."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, Final

import msgspec
import pytest
from typing_extensions import override

from entrypoints.cli.app import main
from tests.architecture.sources import ROOT

SECONDS_MAX: Final = 60


class Operator:
    """Each command is a process of its own."""

    def __init__(self, url: str) -> None:
        self._settings = {"AKSUM_DATABASE_URL": url}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "entrypoints.cli", *arguments],
            cwd=ROOT,
            env={**os.environ, **self._settings},
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )

    def ask(self, *arguments: str) -> dict[str, Any]:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return msgspec.json.decode(done.stdout, type=dict[str, Any])

    def refused(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode != 0, done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr


class OperatorHere(Operator):
    """The same in this process, where importing everything is paid for once."""

    @override
    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["aksum", *arguments]
        out, err = io.StringIO(newline=""), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "argv", command)
            for name, value in self._settings.items():
                patch.setenv(name, value)
            try:
                main()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
        return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())
