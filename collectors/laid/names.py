"""One name of the parts that forms ask for. Pure."""

from overheard.collectors.markup import one_line


def full_name(name: str, first: str, last: str) -> str:
    """Return a name as one line, of what stands beside "name", "first name" and "last name"; "" where all are empty.

    Beside one of the other two, "name" is the one that is missing: so forms ask in German ("Name", "Vorname"), French
    ("Nom", "Prénom"), Spanish ("Nombre", "Apellidos"), Italian ("Nome", "Cognome"). A whole name stays as it is.
    """
    name, first, last = one_line(name), one_line(first), one_line(last)
    if not name:
        return one_line(f"{first} {last}")
    words = name.casefold().split()
    if first and not last and not set(first.casefold().split()) <= set(words):
        return f"{first} {name}"
    if last and not first and not set(last.casefold().split()) <= set(words):
        return f"{name} {last}"
    return name
