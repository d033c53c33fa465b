from uuid import UUID

import pytest

from domain.shared.ids import OperatorId
from domain.tenants.operator import (
    Operator,
    SecondOperatorRequired,
    is_same_name,
    operator_name,
    require_second_person,
)

ABENA = Operator(OperatorId(UUID(int=1)), "Abena")
KWAME = Operator(OperatorId(UUID(int=2)), "Kwame")


def test_nobody_approves_their_own_proposal_under_any_name() -> None:
    require_second_person(ABENA, KWAME)
    for same in (ABENA, Operator(ABENA.id, "Abena Owusu")):
        with pytest.raises(SecondOperatorRequired):
            require_second_person(ABENA, same)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Abena", "abena", True),
        (" Abena  Owusu ", "Abena Owusu", True),
        ("Ａbena", "Abena", True),
        ("Amélie", "Ame\N{COMBINING ACUTE ACCENT}lie", True),
        ("Abena", "Abena O.", False),
    ],
)
def test_names_that_look_the_same_are_one_persons(one: str, other: str, same: bool) -> None:
    assert is_same_name(one, other) is same
    assert operator_name(operator_name(one)) == operator_name(one)
