"""`trade`: quotes accepted over HTTP, against TPC-B on the same server."""
