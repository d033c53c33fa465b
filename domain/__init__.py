"""The rules that decide money: pure values and functions, free of I/O, clocks and randomness.

Imports inside this package are relative, because it also ships alone under another name.
"""

__version__ = "0.1.0"
