"""Campaigns as staff see and edit them: dashboard, schedule, texts, status, report."""
