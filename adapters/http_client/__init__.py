"""The one way out to vendors over HTTP. What became of a request is a value, not an exception."""
