"""From what was measured to figures: medians over the repetitions."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Final

from entrypoints.cli.bench.report import Report
from entrypoints.cli.bench.trade.load import Trades
from entrypoints.cli.bench.trade.run import Measured, Repetition
from entrypoints.wiring.bench import API_ROLE

STATEMENTS_MAX: Final = 10
PERCENTILES: Final = (50, 99)
NS_PER_MS: Final = 1_000_000
MS_PER_S: Final = 1_000


def report(measured: Measured) -> Report:
    speed = medians(rates(each) for each in measured.repetitions)
    statements = medians(statements_per_trade(each) for each in measured.repetitions)
    cpu = medians(cpu_per_trade(each) for each in measured.repetitions)
    cpu_of_tpcb = medians(cpu_per_tpcb(each) for each in measured.repetitions)
    checks = {
        **measured.checks,
        f"at most {STATEMENTS_MAX} statements a trade": _work(statements) <= STATEMENTS_MAX,
    }
    return Report(
        bench="trade",
        # The median of the ratios: what disturbs a repetition disturbs both of its halves.
        ratios={"trade_vs_tpcb_32": speed["ratio"]},
        verified=all(checks.values()),
        figures={
            **speed,
            "latency_ms": medians(latencies(each.window.trades) for each in measured.repetitions),
            "cpu_ms_per_trade": cpu,
            "cpu_ms_per_tpcb": cpu_of_tpcb,
            # What the ratio would be if nothing but CPU counted, and nobody else used any.
            "cpu_ratio": round(cpu_of_tpcb["total"] / cpu["total"], 4),
            "statements_per_trade": statements,
            "errors": dict(sum_of_errors(measured)),
            "trades": sum(each.window.total for each in measured.repetitions),
            "mirrors_behind": [each.backlog for each in measured.repetitions],
            "repetitions": [
                {**rates(each), "cpu_ms_per_trade": cpu_per_trade(each)}
                for each in measured.repetitions
            ],
            "clients": measured.plan.clients,
            "seconds": measured.plan.seconds,
            "pgbench_scale": measured.plan.scale,
            "checks": checks,
            "settings": measured.settings,
        },
        machine=measured.machine,
    )


def medians(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Of each name over all rows, which have the same names."""
    found = list(rows)
    return {name: round(median(row[name] for row in found), 4) for name in found[0]}


def rates(each: Repetition) -> dict[str, float]:
    trades = len(each.window.trades) / each.window.seconds
    return {
        "tpcb_per_s": each.tpcb.tps,
        "trades_per_s": trades,
        "ratio": trades / each.tpcb.tps,
    }


def latencies(trades: Trades) -> dict[str, float]:
    kinds = {"quote": trades.quotes, "order": trades.orders, "trade": trades.wholes}
    return {
        f"{name}_p{percent}": _percentile(sorted_ns, percent) / NS_PER_MS
        for name, sorted_ns in kinds.items()
        for percent in PERCENTILES
    }


def cpu_per_trade(each: Repetition) -> dict[str, float]:
    return _shares(each.window.cpu, len(each.window.trades))


def cpu_per_tpcb(each: Repetition) -> dict[str, float]:
    return _shares(each.tpcb_cpu, each.tpcb.transactions)


def statements_per_trade(each: Repetition) -> dict[str, float]:
    """By whom, work apart from what only begins, ends and names the tenant of a transaction."""
    counted = {"api_work": 0, "api_control": 0, "worker_work": 0, "worker_control": 0}
    for statement in each.statements:
        who = "api" if statement.role == API_ROLE else "worker"
        counted[f"{who}_{'control' if statement.is_control else 'work'}"] += statement.calls
    return {name: calls / max(each.window.total, 1) for name, calls in counted.items()}


def sum_of_errors(measured: Measured) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in measured.repetitions:
        for what, count in each.window.errors.items():
            found[what] = found.get(what, 0) + count
    return found


def _work(statements: Mapping[str, float]) -> float:
    return statements["api_work"] + statements["worker_work"]


def _shares(cpu: Mapping[str, float], count: int) -> dict[str, float]:
    """Milliseconds each; `others` is what the machine did besides, the kernel's own included."""
    ours = {name: seconds for name, seconds in cpu.items() if name != "machine"}
    shares = {name: seconds * MS_PER_S / max(count, 1) for name, seconds in ours.items()}
    total = sum(shares.values())
    return {**shares, "total": total, "others": cpu["machine"] * MS_PER_S / max(count, 1) - total}


def _percentile(in_order: Sequence[int], percent: int) -> int:
    """Nearest rank; 0 when there is nothing."""
    if not in_order:
        return 0
    return in_order[min(len(in_order) - 1, len(in_order) * percent // 100)]
