### Answers to structured messages of other programs; people in the room read them too.

structured-not-valid = Diese Daten eines Programms entsprechen nicht dem vereinbarten Format. Ich habe nichts geändert.
structured-unknown-version = Diese Daten eines Programms haben eine Version, die ich nicht kenne. Ich habe nichts geändert. Bitte schreiben Sie mir mit Worten, was Sie brauchen.
structured-unknown-step = Diese Art von Anfrage eines Programms kann ich nicht bearbeiten. Ich habe nichts geändert. Bitte schreiben Sie mir mit Worten, was Sie brauchen.
structured-contradiction = Diese Daten eines Programms widersprechen sich. Ich habe nichts geändert. Bitte prüfen Sie die Anfrage oder schreiben Sie mir mit Worten, was Sie brauchen.
