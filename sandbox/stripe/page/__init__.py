"""The pages that people see: hosted checkout, customer portal and the sandbox's own index."""
