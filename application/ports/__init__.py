"""What the use cases need from the world outside, as protocols that adapters satisfy."""
