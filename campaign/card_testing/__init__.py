"""Card testing: placeholder until the policy is here."""
