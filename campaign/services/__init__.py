"""Every business verb. A service takes a session and plain values; it flushes and never commits."""
