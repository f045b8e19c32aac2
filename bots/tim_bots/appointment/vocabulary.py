"""German words of the appointment dialogue, as `reading.normalise` writes them: lower case, "ae" for "ä"."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP = _words("abbrechen abbruch stopp stop ende beenden schluss")
MORE = _words(
    "weitere weiteren weiterer mehr andere anderen anderer anderes naechste spaeter vorschlaege zeiten auswahl"
)
HELP = _words("hilfe help")
CANCEL = _words("absagen absage storno stornieren stornierung terminabsage loeschen")
MOVE = _words("verschieben verschiebung verlegen umbuchen aendern terminverschiebung terminaenderung")
OWN = _words("mein meine meinen meiner")
YES = _words("ja jawohl jo ok okay genau")
NO = _words("nein ne noe")
NEGATION = _words("kein keine keinen keiner keines nicht nie nichts")

FILLERS = _words(
    "ich wir moechte moechten will wollen wuerde wuerden nehme nehmen haette haetten kann koennen muss muessen "
    "bitte danke gern gerne lieber dann doch also leider das der die den dem ein einen am an um zu uhr es "
    "nummer nr option termin zeigen zeige buchen hallo guten tag passt waere gut mir uns auch noch vielen dank "
    "sie"
)
"""Words that change nothing about a short answer. Any other word makes it unclear rather than guessed."""

NUMBER_WORDS = {
    word: number
    for number, words in enumerate(
        (
            "eins erste ersten erster erstes",
            "zwei zwo zweite zweiten zweiter zweites",
            "drei dritte dritten dritter drittes",
            "vier vierte vierten",
            "fuenf fuenfte fuenften",
            "sechs sechste sechsten",
            "sieben siebte siebten",
            "acht achte achten",
            "neun neunte neunten",
        ),
        start=1,
    )
    for word in words.split()
}
