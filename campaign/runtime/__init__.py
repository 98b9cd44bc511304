"""What one running process has: settings and everything made from them, and the heartbeat around a scheduled job."""
