"""Who gets campaign emails and when: subscribers, eligibility, schedule, reminders, unsubscribing."""
