"""What every room may use and that knows no subject: settings, clock, money, languages, errors, the database."""
