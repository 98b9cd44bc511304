"""Staff members and their sign-in methods: passwords, second factors, passkeys."""
