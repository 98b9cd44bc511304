"""Events on their way to the endpoints: signed, retried, and on demand doubled, late, turned round or lost."""
