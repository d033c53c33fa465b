import click
import pytest
from click.testing import CliRunner

from entrypoints.cli.app import LazyGroup, aksum

CONTEXT = click.Context(aksum)


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name in group.list_commands(CONTEXT):
        command = group.get_command(CONTEXT, name)
        found.append((*path, name))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


@pytest.mark.parametrize("path", commands(aksum), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(aksum, [*path, "--help"])
    assert shown.exit_code == 0
    assert f"Usage: aksum {' '.join(path)}" in shown.output
    assert len(shown.output.splitlines()) > 4


def test_list_of_commands_imports_none_of_them() -> None:
    assert isinstance(aksum, LazyGroup)
    assert {"serve", "worker", "sandbox", "ledger"} <= set(aksum.list_commands(CONTEXT))
    shown = CliRunner().invoke(aksum, ["--help"])
    assert "Finishes what requests began" in shown.output


@pytest.mark.parametrize("text", ["", "x" * 101, "a\nb", "a\0"])
@pytest.mark.parametrize(
    "words", [("tenant", "create", "--name"), ("api-key", "create", "--operator", "--label")]
)
def test_text_that_cannot_be_kept_is_wrong_usage(words: tuple[str, ...], text: str) -> None:
    shown = CliRunner().invoke(aksum, [*words, text])
    assert shown.exit_code == 2
    assert "1 to 100 characters" in shown.output


def test_id_option_is_named_after_what_it_takes() -> None:
    shown = CliRunner().invoke(aksum, ["order", "list", "--help"])
    assert "--customer CUSTOMER" in shown.output


def test_unknown_command_is_wrong_usage() -> None:
    assert CliRunner().invoke(aksum, ["no-such-command"]).exit_code == 2
