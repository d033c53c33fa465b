from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.errors import InvariantViolation
from domain.shared.ids import IdInvalid, IdPrefix, decode_id, encode_id


# Suffixes from the valid cases of the TypeID specification.
@pytest.mark.parametrize(
    ("value", "suffix"),
    [
        ("00000000-0000-0000-0000-000000000000", "00000000000000000000000000"),
        ("00000000-0000-0000-0000-000000000001", "00000000000000000000000001"),
        ("00000000-0000-0000-0000-00000000000a", "0000000000000000000000000a"),
        ("00000000-0000-0000-0000-000000000010", "0000000000000000000000000g"),
        ("00000000-0000-0000-0000-000000000020", "00000000000000000000000010"),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
        ("0110c853-1d09-52d8-d73e-1194e95b5f19", "0123456789abcdefghjkmnpqrs"),
        ("01890a5d-ac96-774b-bcce-b302099a8057", "01h455vb4pex5vsknk084sn02q"),
    ],
)
def test_known_ids_encode_and_decode(value: str, suffix: str) -> None:
    assert encode_id("ord", UUID(value)) == f"ord_{suffix}"
    assert decode_id("ord", f"ord_{suffix}") == UUID(value)


@given(value=st.uuids(), prefix=st.sampled_from([*IdPrefix, "pre_fix"]))
def test_text_of_an_id_reads_back(value: UUID, prefix: str) -> None:
    assert decode_id(prefix, encode_id(prefix, value)) == value


@given(left=st.uuids(), right=st.uuids())
def test_text_sorts_as_the_ids(left: UUID, right: UUID) -> None:
    assert (encode_id("ord", left) < encode_id("ord", right)) == (left < right)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ord",
        "ord_",
        "01h455vb4pex5vsknk084sn02q",
        "_01h455vb4pex5vsknk084sn02q",
        "cus_01h455vb4pex5vsknk084sn02q",
        "ORD_01h455vb4pex5vsknk084sn02q",
        "ord_01H455VB4PEX5VSKNK084SN02Q",
        "ord_8zzzzzzzzzzzzzzzzzzzzzzzzz",
        "ord_01h455vb4pex5vsknk084sn02",
        "ord_01h455vb4pex5vsknk084sn02qq",
        "ord_01h455vb4pex5vsknk084sn02i",
        "ord_01h455vb4pex5vsknk084sn0-q",
        "ord_01h455vb4pex5vsknk084sn02q\n",
        "ord-01h455vb4pex5vsknk084sn02q",
        "01890a5d-ac96-774b-bcce-b302099a8057",
    ],
)
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(IdInvalid):
        decode_id("ord", text)


@pytest.mark.parametrize("prefix", ["", "Ord", "_ord", "ord_", "ord1", "a" * 64])
def test_malformed_prefix_is_a_bug(prefix: str) -> None:
    with pytest.raises(InvariantViolation):
        encode_id(prefix, UUID(int=1))
