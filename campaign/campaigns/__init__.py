"""A campaign: its goal, window, texts, schedule, progress, matching gifts, milestones and donor wall."""
