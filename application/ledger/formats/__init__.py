"""The journal as text: one module per format, each a pure function of what was posted."""
