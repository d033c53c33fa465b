"""Who is at the keyboard: a person, known by their own key, not by the login they share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click
from dishka import AsyncContainer

from application.tenants.authenticate import Authenticate, operator_of
from domain.tenants.operator import Operator

F = TypeVar("F", bound=Callable[..., Any])


def operator_key_option(command: F) -> F:
    return click.option(
        "--operator-key",
        envvar="AKSUM_OPERATOR_KEY",
        show_envvar=True,
        required=True,
        help="Your own key: who did it is kept. Better set in the environment.",
    )(command)


async def operator_with(container: AsyncContainer, key: str) -> Operator:
    """Raises `Unauthenticated`, or `InsufficientScope` for a key of a partner."""
    authenticate: Authenticate = await container.get(Authenticate)
    return operator_of(await authenticate.execute(key.strip()))
