"""Who runs the embedded server when this process is root, which PostgreSQL refuses to be."""

import os
import pwd
import stat
import sys
from pathlib import Path
from typing import Final

import msgspec

CAP_DAC_OVERRIDE: Final = 1
CAP_DAC_READ_SEARCH: Final = 2
CANDIDATES: Final = ("postgres", "nobody")
ROOT: Final = 0


class Account(msgspec.Struct, frozen=True):
    uid: int
    gid: int


def server_account(cluster: Path) -> Account | None:
    """The account for `cluster`, or None if this process is not root and runs the server itself.

    A cluster keeps its owner: an account that appears later does not lock its files away.
    """
    if os.geteuid() != ROOT:
        return None
    if cluster.exists():
        found = cluster.stat()
        if found.st_uid != ROOT:
            return Account(found.st_uid, found.st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise LookupError(
        "PostgreSQL refuses to run as root, and there is no account 'postgres' or 'nobody' to run "
        "it as: create one, or start Aksum as an ordinary user"
    )


def lent_capabilities(account: Account | None, programs: Path, cluster: Path) -> tuple[int, ...]:
    """The capabilities `account` needs to reach its files, any one of them, best first.

    A checkout below a 0700 folder, usual for root and for temporary folders, is closed to every
    other account. Opening the folder would be a change to the user's machine, so the server keeps
    the right to pass and read instead, and nothing if it does without.
    """
    if account is None or sys.platform != "linux":
        return ()
    if not _allows(programs / "postgres", account, read=True, execute=True):
        return (CAP_DAC_OVERRIDE,)  # a file without execute permission needs the stronger one
    if _reaches(programs, account) and _reaches(cluster.parent, account):
        return ()
    return (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE)


def _reaches(folder: Path, account: Account) -> bool:
    real = folder.resolve()
    chain = (real, *real.parents)
    return all(_allows(each, account, read=False, execute=True) for each in chain)


def _allows(path: Path, account: Account, *, read: bool, execute: bool) -> bool:
    found = path.stat()
    if found.st_uid == account.uid:
        bits = found.st_mode >> 6
    elif found.st_gid == account.gid:
        bits = found.st_mode >> 3
    else:
        bits = found.st_mode
    wanted = (stat.S_IROTH if read else 0) | (stat.S_IXOTH if execute else 0)
    return bits & wanted == wanted


def give(path: Path, account: Account | None) -> None:
    """Make `account` the owner of `path`, with all below it; nothing to do without an account."""
    if account is None or path.stat().st_uid == account.uid:
        return
    for parent, folders, files in os.walk(path):
        for name in (*folders, *files):
            os.chown(Path(parent) / name, account.uid, account.gid, follow_symlinks=False)
    os.chown(path, account.uid, account.gid)
