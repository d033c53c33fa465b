"""Become the PostgreSQL account, tie this process to its supervisor, then turn into the program.

Runs as a script of its own (`python -I -S embedded_launcher.py '<json>'`), standard library only.
It replaces `preexec_fn`, which runs Python between fork and exec of a threaded process and can
deadlock there. The one argument is a JSON object; see `LaunchPlan` in embedded_process.py.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import struct
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 4
CAPABILITY_VERSION_3 = 0x20080522
WATCH_SECONDS = 1
FAILED = 125


def _call(function: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{function}{arguments[:2]}: {os.strerror(code)}")


def _prctl(option: int, *values: int) -> None:
    padded = [*values, 0, 0, 0, 0][:4]
    _call("prctl", option, *(ctypes.c_ulong(value) for value in padded))


def _permitted() -> int:
    header = ctypes.create_string_buffer(struct.pack("<Ii", CAPABILITY_VERSION_3, 0))
    data = ctypes.create_string_buffer(24)
    _call("capget", header, data)
    low, high = struct.unpack("<6I", data.raw[:24])[1::3]
    return int(low | high << 32)


def _keep_only(capability: int) -> None:
    mask = 1 << capability
    header = ctypes.create_string_buffer(struct.pack("<Ii", CAPABILITY_VERSION_3, 0))
    data = ctypes.create_string_buffer(struct.pack("<6I", mask, mask, mask, 0, 0, 0))
    _call("capset", header, data)
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def become(uid: int, gid: int, capabilities: list[int]) -> None:
    """Drop root for `uid`; of root's powers keep the first available of `capabilities`, if any.

    The kept one is ambient, so it survives exec. Without NO_SETUID_FIXUP the kernel would take it
    away at setuid, and again inside access(2), by which PostgreSQL looks for its own files.
    """
    kept = None
    if capabilities:
        permitted = _permitted()
        kept = next((each for each in capabilities if permitted >> each & 1), None)
        if kept is None:
            raise OSError(
                "the account that runs PostgreSQL cannot reach its files, and this root has "
                "neither CAP_DAC_READ_SEARCH nor CAP_DAC_OVERRIDE to lend it"
            )
        _prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if kept is not None:
        _keep_only(kept)


def die_with_parent(parent: int) -> None:
    """Linux: SIGQUIT (immediate shutdown, bounded by PostgreSQL itself) when the parent dies.

    A change of credentials clears the setting, so this comes after `become`.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
    if os.getppid() != parent:
        raise OSError("the supervisor ended before PostgreSQL began")


def watch(pipe: int) -> None:
    """Elsewhere: a small process reads a pipe that only the supervisor can close, by ending."""
    server = os.getpid()
    if os.fork() != 0:
        os.wait()
        os.close(pipe)
        return
    if os.fork() != 0:  # twice, so that PostgreSQL has no child it does not know
        os._exit(0)
    import select

    try:
        while not select.select([pipe], [], [], WATCH_SECONDS)[0]:
            os.kill(server, 0)  # raises once the server is gone
        os.kill(server, signal.SIGQUIT)
    finally:
        os._exit(0)


def main() -> int:
    plan = json.loads(sys.argv[1])
    try:
        os.umask(0o077)
        # A shell starts background jobs with this one ignored, which execve would pass on.
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        if plan["uid"] is not None:
            become(plan["uid"], plan["gid"], plan["capabilities"])
        if plan["watch_pipe"] is not None:
            watch(plan["watch_pipe"])
        else:
            die_with_parent(plan["parent"])
        os.execv(plan["argv"][0], plan["argv"])  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.stderr.write(f"aksum: cannot start {plan['argv'][0]}: {error}\n")
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
