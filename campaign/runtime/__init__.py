"""What a running process needs: settings and the objects built from them, and the heartbeat of scheduled jobs."""
