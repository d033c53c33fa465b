"""The bodies of requests and answers, as they are on the wire, and how values become them."""
