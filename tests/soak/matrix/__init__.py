"""Every adapter, every fault of its vendor, and a process killed wherever it waits."""
