"""The export as a PDF."""

from html import escape
from typing import IO, Any

from tim_cli.export_sections import Sections

_SHOWN_ROWS = 50
_NOTES = (
    "Die Datei auskunft.json enthält jede Zeile vollständig; hier stehen je Tabelle höchstens 50.",
    "Verschlüsselte Nachrichten kann der Server nicht lesen. Lesbar sind sie nur auf Ihren Geräten.",
    "Angaben über andere Personen sind durch „[andere Person]“ ersetzt (Art. 15 Abs. 4 DSGVO).",
    "Passwörter und Token sind nicht enthalten, hochgeladene Dateien nur mit ihren Angaben, nicht mit ihrem Inhalt.",
    "Nicht erfasst: Sicherungen, Protokolldateien und andere Homeserver.",
    "Sie haben das Recht auf Berichtigung, Löschung, Einschränkung und Widerspruch (Art. 16 bis 21 DSGVO).",
    "Sie haben das Recht auf Beschwerde bei einer Aufsichtsbehörde (Art. 77 DSGVO).",
)


def require_pdf() -> None:
    """Fail before anything is written when the packages are missing.

    Raises:
        ModuleNotFoundError: they are.
    """
    import jinja2  # noqa: F401, PLC0415
    import reportlab  # noqa: F401, PLC0415


def pdf(sections: Sections, target: IO[bytes]) -> None:
    """Write it."""
    from reportlab.lib.pagesizes import A4  # noqa: PLC0415 - few commands need it
    from reportlab.lib.styles import getSampleStyleSheet  # noqa: PLC0415
    from reportlab.platypus import Paragraph, SimpleDocTemplate  # noqa: PLC0415

    styles = getSampleStyleSheet()

    def paragraph(text: str, style: str = "BodyText") -> Any:
        return Paragraph(escape(text), styles[style])

    about = sections.about
    story = [
        paragraph("Auskunft nach Art. 15 DSGVO", "Title"),
        paragraph(f"Homeserver: {about['server_name']}"),
        paragraph(f"Benutzerkennung: {about['user_id']}"),
        paragraph(f"Stand: {sections.created}"),
        *(paragraph(note) for note in _NOTES),
    ]
    for data_class in sections.classes():
        german = data_class["german"]
        story += [
            paragraph(german.label, "Heading2"),
            paragraph(f"{german.what}. Zweck: {german.purpose}. Rechtsgrundlage: {german.legal}."),
            paragraph(f"Speicherdauer: {data_class['period']}."),
        ]
        for section in data_class["sections"]:
            story.append(paragraph(f"{section.table} ({section.count})", "Heading4"))
            story += [
                paragraph("; ".join(f"{name}: {value}" for name, value in row)) for row in section.rows[:_SHOWN_ROWS]
            ]
            if (hidden := section.count - _SHOWN_ROWS) > 0:
                story.append(paragraph(f"… und {hidden} weitere Zeilen in auskunft.json."))
    SimpleDocTemplate(target, pagesize=A4, title="Auskunft nach Art. 15 DSGVO", author=about["server_name"]).build(
        story
    )
