"""The 64 emojis of the short authentication string with their German names (client-server API, "SAS method: emoji")."""

from nio.crypto.sas import Sas

NAMES = (
    *("Hund", "Katze", "Löwe", "Pferd", "Einhorn", "Schwein", "Elefant", "Hase"),
    *("Panda", "Hahn", "Pinguin", "Schildkröte", "Fisch", "Oktopus", "Schmetterling", "Blume"),
    *("Baum", "Kaktus", "Pilz", "Globus", "Mond", "Wolke", "Feuer", "Banane"),
    *("Apfel", "Erdbeere", "Mais", "Pizza", "Kuchen", "Herz", "Smiley", "Roboter"),
    *("Hut", "Brille", "Schraubenschlüssel", "Weihnachtsmann", "Daumen hoch", "Regenschirm", "Sanduhr", "Uhr"),
    *("Geschenk", "Glühbirne", "Buch", "Bleistift", "Büroklammer", "Schere", "Schloss", "Schlüssel"),
    *("Hammer", "Telefon", "Flagge", "Zug", "Fahrrad", "Flugzeug", "Rakete", "Pokal"),
    *("Ball", "Gitarre", "Trompete", "Glocke", "Anker", "Kopfhörer", "Ordner", "Stecknadel"),
)
SYMBOLS: tuple[str, ...] = tuple(symbol for symbol, _english in Sas.emoji)
