"""The rules by which `refusal_meaning` reads refusals: causes, statuses and words, with the server beside each."""
