"""Why a process or a command cannot begin. The text is for the person who started it."""


class StartRefused(RuntimeError):
    """The process must not run like this; the text says what to correct."""


class SettingInvalid(StartRefused):
    """A setting is missing or cannot be read. The text names it and never repeats its value."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"{setting}: {problem}")
        self.setting = setting
