"""Who is asked and when: subscribers, eligibility, the countdown, reminders, unsubscribing."""
