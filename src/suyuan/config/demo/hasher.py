from django.contrib.auth.hashers import PBKDF2PasswordHasher


class DemoHasher(PBKDF2PasswordHasher):
    """For the demo's published passwords only."""

    algorithm = "pbkdf2_demo"
    iterations = 1_000
