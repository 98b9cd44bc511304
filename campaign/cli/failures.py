"""Database errors as one line. Imported only after a failure, because the database libraries load slowly."""

from psycopg.errors import NumericValueOutOfRange, UndefinedTable
from sqlalchemy.exc import DataError, OperationalError, ProgrammingError


def database_failure(error: Exception) -> str:
    """Return what is wrong and what to do; '' for a bug in the program, where the traceback says more."""
    if isinstance(error, ProgrammingError) and isinstance(error.orig, UndefinedTable):
        return "The database has no tables yet. Run `campaign db upgrade`."
    if isinstance(error, DataError) and isinstance(error.orig, NumericValueOutOfRange):
        return "A number is too large for the database. Check the numbers you gave."
    if isinstance(error, OperationalError):
        reason = str(error.orig).strip().partition("\n")[0]
        return f"Cannot use the database: {reason}. Check DATABASE_URL."
    return ""
