"""What a person should hear of: a vendor said something that its documents do not know."""

import logging

_log = logging.getLogger(__name__)


def undocumented(dialect: str, what: str, value: str) -> None:
    """The answer counts as unknown until somebody has asked the vendor and extended the table."""
    _log.error("undocumented answer of %s: %s %r", dialect, what, value)
