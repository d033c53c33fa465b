"""One file per chapter. Each tells what happens, and claims nothing that it did not look up."""
