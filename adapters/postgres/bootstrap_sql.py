"""Statements of bootstrap.py that carry names or passwords, quoted and hashed on this side."""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Final

from adapters.postgres.roles import Role

SCRAM_ITERATIONS: Final = 4096  # what PostgreSQL itself uses
SALT_BYTES: Final = 16

# Waiting is bounded for every process: a statement that hangs holds a connection and locks.
SESSION_DEFAULTS: Final[Mapping[Role, Mapping[str, str]]] = {
    Role.API: {"statement_timeout": "5s"},
    Role.WORKER: {"statement_timeout": "30s"},
    Role.OPS: {"statement_timeout": "60s"},
}
RUNTIME_DEFAULTS: Final[Mapping[str, str]] = {
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
    "jit": "off",
}
COMMON_DEFAULTS: Final[Mapping[str, str]] = {"search_path": "aksum", "timezone": "UTC"}


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    if "\\" in text or "\0" in text:
        raise ValueError("backslash and NUL are not for literals made here")
    return "'" + text.replace("'", "''") + "'"


def session_defaults(role: Role, database: str) -> list[str]:
    settings = {**COMMON_DEFAULTS}
    if role in SESSION_DEFAULTS:
        settings |= {**RUNTIME_DEFAULTS, **SESSION_DEFAULTS[role]}
    return [
        f"ALTER ROLE {role} IN DATABASE {identifier(database)} SET {name} = {literal(value)}"
        for name, value in settings.items()
    ]


def set_password(role: Role, password: str) -> str:
    """The verifier is made here, so that no server log ever shows the password.

    Beyond ASCII, SASLprep decides what the password is, and PostgreSQL has an implementation.
    """
    stored = scram_verifier(password, os.urandom(SALT_BYTES)) if password.isascii() else password
    quoted = stored.replace("\\", "\\\\").replace("'", "''")
    return f"ALTER ROLE {role} PASSWORD E'{quoted}'"


def scram_verifier(password: str, salt: bytes) -> str:
    """RFC 5803 form, as PostgreSQL stores it: SCRAM-SHA-256$iterations:salt$stored:server."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    texts = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{texts[0]}${texts[1]}:{texts[2]}"
