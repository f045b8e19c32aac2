"""German words of the appointment dialogue, as `folding.fold` writes them: lower case, "ae" for "ä"."""

from tim_bots.dialogue.vocabulary import vocabulary

MORE = vocabulary(
    "weitere weiteren weiterer mehr andere anderen anderer anderes naechste spaeter vorschlaege zeiten auswahl"
)
CANCEL = vocabulary("absagen absage storno stornieren stornierung terminabsage loeschen")
MOVE = vocabulary("verschieben verschiebung verlegen umbuchen aendern terminverschiebung terminaenderung")
OWN = vocabulary("mein meine meinen meiner")
