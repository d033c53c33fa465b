"""SQL is made of constants and parameters. Row-Level Security forgives no injection."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.sources import PRODUCT, python_files, tree_of

SQL = re.compile(
    r"\b(SELECT\s|INSERT\s+INTO|UPDATE\s+\w|DELETE\s+FROM|SET\s+\w+\s*=|FROM\s+\w|WHERE\s|CREATE\s|"
    r"DROP\s|GRANT\s|ALTER\s|COPY\s|TRUNCATE\s)"
)

# Names of roles, databases and settings cannot be parameters. These files take them from enums or
# from the operator's own URL, quote them, and run when a database is set up, never in a request.
QUOTING = {"adapters/postgres/bootstrap.py", "adapters/postgres/bootstrap_sql.py"}


def literal_text(node: ast.JoinedStr) -> str:
    return " x ".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))


def is_constant(node: ast.expr) -> bool:
    """Made of `CONSTANTS` and literals alone; or a UUID's `.hex`, which a text does not have."""
    if isinstance(node, ast.Attribute):
        return node.attr.isupper() or node.attr == "hex"
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
    bound = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return all(name.id in bound or name.id.isupper() for name in names)


def foreign_parts(tree: ast.Module) -> Iterator[ast.FormattedValue]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and SQL.search(literal_text(node)):
            yield from (
                part
                for part in node.values
                if isinstance(part, ast.FormattedValue) and not is_constant(part.value)
            )


def test_only_constants_are_put_into_sql() -> None:
    found = [
        f"{path}:{part.lineno} {ast.unparse(part.value)}"
        for path in python_files(*PRODUCT)
        if path.as_posix() not in QUOTING
        for part in foreign_parts(tree_of(path))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("expression", "constant"),
    [
        ("COLUMNS", True),
        ("tables.COLUMNS", True),
        ("', '.join('a.' + name for name in COLUMNS)", True),
        ("tenant_id.hex", True),
        ("tenant_id", False),
        ("', '.join(names)", False),
        ("self.table", False),
    ],
)
def test_what_counts_as_a_constant(expression: str, constant: bool) -> None:
    tree = ast.parse(f'run(f"SELECT {{{expression}}} FROM orders")')
    assert (not list(foreign_parts(tree))) is constant
