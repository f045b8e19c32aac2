"""The record of processing activities (Art. 30) and the notification of a breach (Art. 33), as blocks in German."""

from collections.abc import Sequence

from tim_cli.documents import Block, Heading, Items, Paragraph, Table, to_fill
from tim_cli.dsgvo_facts import Facts, Homeserver, Party
from tim_policy.retention_german import german_classes, german_period
from tim_policy.retention_policy import Without

RECORD = "Verzeichnis von Verarbeitungstätigkeiten"
BREACH = "Meldung einer Verletzung des Schutzes personenbezogener Daten"

_TITLES = ("Datenart", "Was", "Zweck", "Rechtsgrundlage", "Speicherdauer")


def record(facts: Facts, homeserver: Homeserver, day: str) -> list[Block]:
    """The record of processing activities; `day` is when it was made."""
    return [
        Heading(f"{RECORD} (Art. 30 Abs. 1 DSGVO)", 1),
        Paragraph(
            f"Verarbeitung: TI-Messenger, Homeserver {homeserver.server_name}. Erzeugt am {day} aus der Konfiguration."
        ),
        Heading("Verantwortliche"),
        _parties(facts),
        Heading("Zwecke"),
        Paragraph(
            "Sicherer Austausch von Nachrichten und Dateien zwischen Leistungserbringern, Kostenträgern und"
            " Versicherten über den TI-Messenger (Telematikinfrastruktur). Die Behandlung wird nicht hier dokumentiert,"
            " sondern im Praxisverwaltungssystem."
        ),
        Heading("Betroffene Personen"),
        Items(
            (
                "Nutzerinnen und Nutzer dieses Homeservers",
                "Personen anderer Homeserver, mit denen sie einen Raum teilen",
                "Personen, über die geschrieben wird: Patientinnen und Patienten (Gesundheitsdaten, Art. 9 DSGVO)",
            )
        ),
        Heading("Daten, Zwecke, Rechtsgrundlagen und Löschfristen"),
        Paragraph(_deletion(homeserver)),
        _classes(homeserver),
        Paragraph(f"Sicherungen: {facts.backups or to_fill('wo, wie lange')}."),
        Heading("Empfänger"),
        Items(
            (
                "Mitglieder der jeweiligen Räume",
                "Homeserver anderer Organisationen der TI-Föderation, mit deren Mitgliedern ein Raum geteilt wird",
                *_processors(facts),
            )
        ),
        Heading("Übermittlung in Drittländer"),
        Paragraph(
            "Zugelassen sind nur Server der Föderationsliste, die auch das eingerichtete Länder-Regelwerk bestehen."
            if homeserver.has_residency
            else "Zugelassen sind alle Server der Föderationsliste; Länder-Regeln sind nicht eingerichtet: "
            + to_fill("Bewertung der Übermittlung")
            + "."
        ),
        Heading("Technische und organisatorische Maßnahmen (Art. 32)"),
        Items(_measures(homeserver)),
    ]


def breach(facts: Facts, homeserver: Homeserver, day: str) -> list[Block]:
    """The template of a notification to the authority; `day` is when it was made."""
    return [
        Heading(f"{BREACH} (Art. 33 DSGVO)", 1),
        Paragraph(
            "Frist: 72 Stunden ab dem Bekanntwerden. Was noch nicht bekannt ist, wird nachgereicht (Art. 33 Abs. 4)."
            f" Vorlage vom {day}."
        ),
        Table(
            ("Zeitpunkt", "Datum und Uhrzeit"),
            (
                ("Verletzung begann", to_fill("Datum, Uhrzeit")),
                ("bekannt geworden", to_fill("Datum, Uhrzeit")),
                ("Ende der Frist (bekannt geworden + 72 Stunden)", to_fill("Datum, Uhrzeit")),
                ("Gründe einer späteren Meldung (Art. 33 Abs. 1)", to_fill("keine, oder welche")),
            ),
        ),
        Heading("An und von"),
        _parties(facts),
        Heading("Art der Verletzung (Art. 33 Abs. 3 lit. a)"),
        Items(
            (
                f"Was ist geschehen: {to_fill('Vertraulichkeit, Integrität oder Verfügbarkeit; Hergang')}",
                f"Betroffenes System: Homeserver {homeserver.server_name}, {homeserver.database}",
                f"Betroffene Personen, Gruppen und ungefähre Zahl: {to_fill('Zahl')}",
                f"Ungefähre Zahl der Datensätze: {to_fill('Zahl; tim retention report')}",
            )
        ),
        Paragraph("Diese Datenarten kann der Homeserver enthalten; Nichtbetroffenes streichen:"),
        _classes(homeserver),
        Heading("Wahrscheinliche Folgen (lit. c)"),
        Paragraph(to_fill("Folgen; etwa Kenntnis davon, wer mit wem schreibt, und damit von einer Behandlung")),
        Paragraph(
            "Inhalte verschlüsselter Räume liegen auf dem Homeserver nur verschlüsselt vor; die Schlüssel haben die"
            " Geräte. Unverschlüsselt sind Mitgliedschaften, Raumnamen, Zeiten und nicht verschlüsselte Dateien."
        ),
        Heading("Maßnahmen (lit. d)"),
        Items(
            (
                f"Ergriffen: {to_fill('Maßnahmen; etwa Sitzungen beendet, Server abgetrennt (tim gate isolate)')}",
                f"Geplant: {to_fill('Maßnahmen')}",
                "Nachweis: tim audit verify und tim audit export"
                if homeserver.has_audit
                else f"Nachweis: {to_fill('ein Prüfprotokoll ist nicht eingerichtet')}",
            )
        ),
        Heading("Benachrichtigung der Betroffenen (Art. 34)"),
        Paragraph(f"Hohes Risiko: {to_fill('ja oder nein, Begründung')}. Benachrichtigt am: {to_fill('Datum, Weg')}."),
        Heading("Interne Dokumentation (Art. 33 Abs. 5)"),
        Paragraph(f"Bearbeitet von {to_fill('Name')}, Aktenzeichen {to_fill('Zeichen')}."),
    ]


def _parties(facts: Facts) -> Table:
    return Table(
        ("Rolle", "Name", "Anschrift", "Kontakt"),
        (
            ("Verantwortlicher", *_party(facts.controller)),
            ("Vertreten durch", facts.representative or to_fill("Name"), "", ""),
            ("Datenschutzbeauftragte oder -beauftragter", *_party(facts.data_protection_officer)),
            ("Aufsichtsbehörde", *_party(facts.supervisory_authority)),
        ),
    )


def _party(party: Party) -> tuple[str, str, str]:
    return party.name or to_fill("Name"), party.address or to_fill("Anschrift"), party.contact or to_fill("Kontakt")


def _processors(facts: Facts) -> Sequence[str]:
    if not facts.processors:
        return (f"Auftragsverarbeiter (Art. 28): {to_fill('keine, oder welche')}",)
    return tuple(f"Auftragsverarbeiter (Art. 28): {', '.join(_party(party))}" for party in facts.processors)


def _deletion(homeserver: Homeserver) -> str:
    if homeserver.policy is None:
        return "Löschfristen sind NICHT eingerichtet: der Homeserver behält die Daten. " + to_fill("Löschkonzept")
    if not homeserver.is_deleting:
        return (
            f"Regelwerk {homeserver.policy}, Betriebsart observe: es wird NUR GEZÄHLT und nichts gelöscht. "
            + to_fill("ab wann gelöscht wird (mode: enforce)")
        )
    return f"Regelwerk {homeserver.policy}; der Homeserver löscht selbsttätig nach diesen Fristen."


def _classes(homeserver: Homeserver) -> Table:
    rows = []
    for name, german in german_classes().items():
        period = None if homeserver.periods is None else getattr(homeserver.periods, name)
        if name == "housekeeping" or (period is Without.NOT_STORED and homeserver.is_deleting):
            continue
        kept = "keine Frist" if period is None else german_period(period)
        rows.append((german.label, german.what, german.purpose, german.legal, kept))
    return Table(_TITLES, rows)


def _measures(homeserver: Homeserver) -> Sequence[str]:
    measures = [
        f"Regeln des TI-Messengers auf jedem Weg erzwungen, Profil {homeserver.profile or to_fill('Profil')}",
        "Verkehr nur mit Servern der geprüften Föderationsliste; ohne gültige Liste mit keinem",
        "Auskunft (tim export) und Löschung (tim erase) auf Antrag",
    ]
    if homeserver.periods is not None and homeserver.is_deleting:
        if homeserver.periods.client_addresses is Without.NOT_STORED:
            measures.append("Netzadressen und Programmkennungen der Geräte werden nicht gespeichert")
        measures.append("Selbsttätige Löschung nach Fristen, mit Bericht (tim retention report)")
    if homeserver.has_audit:
        measures.append("Verkettetes, unterschriebenes Prüfprotokoll (tim audit verify)")
    else:
        measures.append(to_fill("Nachweis von Löschungen; ein Prüfprotokoll ist nicht eingerichtet"))
    measures.append(to_fill("Zutritt, Zugang, Verschlüsselung der Datenträger, Wiederherstellung, Schulung"))
    return measures
