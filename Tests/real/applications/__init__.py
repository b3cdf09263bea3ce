"""One application a module; each has an APPLICATION."""
