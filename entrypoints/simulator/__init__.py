"""Vendors as servers: each dialect on the vendor's own paths, with named faults.

Stands alone on purpose: nothing of domain, application or adapters is imported here, so that a
simulator and the adapter it tests cannot share one misreading of the vendor's documents.
"""
