"""What the containers are made of. A provider builds and closes; it never commits."""
