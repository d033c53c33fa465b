from datetime import timedelta
from itertools import pairwise
from uuid import RFC_4122

from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from adapters.system.secrets import ALPHABET, SystemSecrets


def test_clock_tells_aware_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_ids_are_uuids_of_version_7_that_ascend() -> None:
    ids = SystemIds()
    made = [ids.new() for _ in range(1_000)]
    assert all(earlier < later for earlier, later in pairwise(made))
    assert {(each.version, each.variant) for each in made} == {(7, RFC_4122)}


def test_tokens_are_base62_of_the_length_asked_and_never_alike() -> None:
    tokens = [SystemSecrets().token(32) for _ in range(100)]
    assert {len(token) for token in tokens} == {32}
    assert set("".join(tokens)) <= set(ALPHABET)
    assert len(set(tokens)) == len(tokens)
    assert len(set(ALPHABET)) == 62
