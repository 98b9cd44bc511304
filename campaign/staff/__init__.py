"""Members of staff and how they sign in: passwords, second factors, passkeys."""
