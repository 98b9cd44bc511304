"""Figures for staff: dashboard, review queue, journal, campaign report and metrics."""
