"""What a service refused, put beside the form's fields: for the staff's forms."""

from collections.abc import Mapping

from flask_wtf import FlaskForm


def put_faults(form: FlaskForm, faults: Mapping[str, str]) -> None:
    """Each fault becomes its field's error; what names no field stands in the summary."""
    for name, text in faults.items():
        if name in form:
            field = form[name]
            field.errors = [*field.errors, text]
        else:
            form.form_errors.append(text)
