"""Long runs that kill processes and then check everything.

    ./dev soak --minutes 30            all of them, the minutes shared
    ./dev soak --minutes 30 crash      processes killed at every crash point, under mixed load
    ./dev soak --minutes 30 events     relays, writers and consumers of events killed
    ./dev soak --minutes 30 guard      random quotes while providers and their tickers lie
    ./dev soak --minutes 30 ledger     writers and connections killed during bulk posting
    ./dev soak --minutes 30 matrix     every adapter, every fault of its vendor, every kill

Options behind a name are its own: ./dev soak crash --help.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import Final

from tests.soak import events, guard, ledger
from tests.soak.crash import command as crash
from tests.soak.matrix import command as matrix

SOAKS: Final[dict[str, Callable[[Sequence[str]], None]]] = {
    "crash": crash.main,
    "events": events.main,
    "guard": guard.main,
    "ledger": ledger.main,
    "matrix": matrix.main,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="./dev soak", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=None)
    parser.add_argument("name", nargs="?", choices=SOAKS)
    parser.add_argument("options", nargs=argparse.REMAINDER, help="of the one that is named")
    given = parser.parse_args()
    names = [given.name] if given.name else list(SOAKS)
    for name in names:
        print(f"--- {name}", flush=True)
        options = list(given.options)
        if given.minutes is not None:
            options += ["--minutes", str(given.minutes / len(names))]
        SOAKS[name](options)


if __name__ == "__main__":
    main()
