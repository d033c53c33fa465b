"""Telling partners what happened: to which address, how it is signed, how often it is tried."""
