"""Who is at the keyboard: a person, known by their own key, not by the login they share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click
from dishka import AsyncContainer

from application.tenants.authenticate import Authenticate
from domain.tenants.operator import Operator
from domain.tenants.permissions import InsufficientScope, Scope, require_scope
from domain.tenants.tenant import HOUSE_TENANT_ID

F = TypeVar("F", bound=Callable[..., Any])


def operator_key_option(command: F) -> F:
    return click.option(
        "--operator-key",
        envvar="AKSUM_OPERATOR_KEY",
        show_envvar=True,
        required=True,
        help="Your own key: who did it is kept. Better set in the environment.",
    )(command)


async def operator_of(container: AsyncContainer, key: str) -> Operator:
    """Raises `Unauthenticated`, or `InsufficientScope` for a key of a partner."""
    authenticate: Authenticate = await container.get(Authenticate)
    principal = await authenticate.execute(key.strip())
    if principal.tenant_id != HOUSE_TENANT_ID:
        raise InsufficientScope("this takes the key of an operator", scope=Scope.OPERATOR)
    require_scope(principal.scopes, Scope.OPERATOR)
    return Operator(principal.key_id, principal.label)
