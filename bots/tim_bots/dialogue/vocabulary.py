"""German words that every dialogue understands, as `folding.fold` writes them: lower case, "ae" for "ä"."""


def vocabulary(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


STOP = vocabulary("abbrechen abbruch stopp stop ende beenden schluss")
HELP = vocabulary("hilfe help")
BACK = vocabulary("zurueck rueckgaengig")
HUMAN = vocabulary("mensch menschen mitarbeiter mitarbeiterin")
TALK = vocabulary("mit einem einer jemand jemandem jemanden sprechen reden echten richtigen")
"""Words around HUMAN."""
BOT = vocabulary("bot chatbot")
WITHDRAW = vocabulary("stopp stop widerruf widerrufen")
YES = vocabulary("ja jawohl jo ok okay genau")
NO = vocabulary("nein ne noe")
NEGATION = vocabulary("kein keine keinen keiner keines nicht nie nichts")

FILLERS = vocabulary(
    "ich wir moechte moechten will wollen wuerde wuerden nehme nehmen haette haetten kann koennen muss muessen "
    "bitte danke gern gerne lieber dann doch also leider das der die den dem ein einen am an um zu uhr es "
    "nummer nr option zeigen zeige buchen hallo guten tag passt waere gut mir uns auch noch vielen dank "
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
