class EmbeddedPostgresError(RuntimeError):
    """The embedded server cannot be made, started or found; the text says why and what to do."""


class DataDirectoryInUse(EmbeddedPostgresError):
    """Another process holds the data directory. `pid` is that process, where it is known."""

    def __init__(self, text: str, pid: int | None) -> None:
        super().__init__(text)
        self.pid = pid
