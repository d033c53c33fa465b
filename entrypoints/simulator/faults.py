"""Named faults: what each does, at which call it strikes, and for how many calls it stays armed.

Three sources, in this order: the request's `X-Aksum-Scenario` header, what an earlier header left
behind for the same quote, and what was armed through the control surface. One request suffers every
fault that only bends it, and at most one that decides its answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

import msgspec

SCENARIO_HEADER = "X-Aksum-Scenario"
HEADER_FAULTS_MAX = 16


class Stage(StrEnum):
    QUOTE = "quote"
    EXECUTE = "execute"
    LOOKUP = "lookup"
    HISTORY = "history"
    TICKER = "ticker"


class FaultSpec(msgspec.Struct, frozen=True, kw_only=True):
    """`params` are whole numbers with their defaults. `decides`: it makes the answer, so only one
    such fault strikes a request. `count` None: until cleared. `count_param` may stand for it.
    """

    name: str
    stages: frozenset[Stage]
    says: str
    params: Mapping[str, int] = {}
    decides: bool = False
    count: int | None = 1
    count_param: str | None = None


class Fault(msgspec.Struct, frozen=True):
    spec: FaultSpec
    params: Mapping[str, int]

    def __getitem__(self, param: str) -> int:
        return self.params[param]

    @property
    def name(self) -> str:
        return self.spec.name


class FaultInvalid(ValueError):
    """The fault or one of its parameters does not exist here; the text says what does."""


class Armed(msgspec.Struct):
    """`remaining` None: no limit. With `until_ms` time ends it and not the number of calls."""

    fault: Fault
    remaining: int | None
    until_ms: int | None = None


class FaultQueue:
    """Faults waiting for their call: one queue for the whole vendor, and one per quote."""

    def __init__(self) -> None:
        self._armed: list[Armed] = []

    def __bool__(self) -> bool:
        return bool(self._armed)

    def __iter__(self) -> Iterator[Armed]:
        return iter(self._armed)

    def arm(self, fault: Fault, *, count: int | None, now_ms: int) -> Armed:
        delay_ms = fault.params.get("delay_ms", 0)
        until_ms = now_ms + delay_ms if delay_ms else None
        armed = Armed(fault, None if until_ms else count, until_ms)
        self._armed.append(armed)
        return armed

    def clear(self) -> None:
        self._armed.clear()

    def take(self, stage: Stage, taken: dict[str, Fault], *, now_ms: int) -> None:
        """Moves into `taken` what strikes this call. A fault passed over keeps its count."""
        decided = _is_decided(taken)
        for armed in tuple(self._armed):
            spec = armed.fault.spec
            if armed.until_ms is not None and now_ms >= armed.until_ms:
                self._armed.remove(armed)
                continue
            if stage not in spec.stages or spec.name in taken or (spec.decides and decided):
                continue
            taken[spec.name] = armed.fault
            decided = decided or spec.decides
            if armed.remaining is not None:
                armed.remaining -= 1
                if armed.remaining == 0:
                    self._armed.remove(armed)


class FaultBook:
    """The faults one dialect knows. `foreign` are names of other dialects: a scenario header that
    names one is addressed to another vendor and is passed over.
    """

    def __init__(self, specs: Iterable[FaultSpec], foreign: frozenset[str]) -> None:
        self.specs = {spec.name: spec for spec in specs}
        self.foreign = foreign - self.specs.keys()
        self.queue = FaultQueue()

    def fault(self, name: str, given: Mapping[str, int]) -> Fault:
        """Raises FaultInvalid."""
        spec = self.specs.get(name)
        if spec is None:
            raise FaultInvalid(f"unknown fault {name!r}; known: {', '.join(sorted(self.specs))}")
        strange = sorted(given.keys() - spec.params.keys())
        if strange:
            known = ", ".join(sorted(spec.params)) or "none"
            raise FaultInvalid(f"{name} has no parameter {', '.join(strange)}; known: {known}")
        return Fault(spec, {**spec.params, **given})

    def calls(self, fault: Fault, count: int | None) -> int | None:
        """For how many calls it is armed: as asked, else by its own parameter, else by default."""
        spec = fault.spec
        if count is not None:
            return count
        return fault[spec.count_param] if spec.count_param else spec.count

    def parse(self, header: str) -> list[Fault]:
        """`name, name:param=1;param=2`. Raises FaultInvalid."""
        parts = [part.strip() for part in header.split(",") if part.strip()]
        if len(parts) > HEADER_FAULTS_MAX:
            raise FaultInvalid(f"more than {HEADER_FAULTS_MAX} faults in one header")
        named = (part.partition(":") for part in parts)
        return [
            self.fault(name, _params(text)) for name, _, text in named if name not in self.foreign
        ]

    def strike(
        self, stage: Stage, asked: Iterable[Fault], left: FaultQueue | None, *, now_ms: int
    ) -> dict[str, Fault]:
        """The faults of one request by name; `left` is the queue of the quote it is about."""
        struck: dict[str, Fault] = {}
        for fault in asked:
            if stage in fault.spec.stages and not (fault.spec.decides and _is_decided(struck)):
                struck[fault.name] = fault
        if left is not None:
            left.take(stage, struck, now_ms=now_ms)
        if self.queue:
            self.queue.take(stage, struck, now_ms=now_ms)
        return struck

    def leave(self, queue: FaultQueue, asked: Iterable[Fault], done: Stage, *, now_ms: int) -> None:
        """Keeps for a quote what its header asked for and only later calls can suffer."""
        order = tuple(Stage)
        later = frozenset(order[order.index(done) + 1 :])
        for fault in asked:
            if done not in fault.spec.stages and fault.spec.stages & later:
                queue.arm(fault, count=self.calls(fault, None), now_ms=now_ms)


def _is_decided(struck: Mapping[str, Fault]) -> bool:
    return any(fault.spec.decides for fault in struck.values())


def _params(text: str) -> dict[str, int]:
    given: dict[str, int] = {}
    for pair in text.split(";") if text else ():
        name, _, value = pair.strip().partition("=")
        try:
            given[name] = int(value)
        except ValueError:
            raise FaultInvalid(f"{pair!r} is not param=whole number") from None
    return given
