### What every dialogue says.

dialogue-help-always = Jederzeit: „hilfe“, „zurück“ (eine Frage zurück), „abbrechen“, „mensch“ (eine Person übernimmt).
dialogue-nothing-open = Es ist gerade nichts offen. Mit „hilfe“ sehen Sie, was ich kann.
dialogue-pause = Das waren sehr viele Nachrichten auf einmal. Ich bearbeite in diesem Raum eine Minute lang keine weiteren. Bitte schreiben Sie danach noch einmal.
dialogue-poll-ended = Die Auswahl ist beendet.

dialogue-attachment = Dateien und Bilder kann ich nicht lesen. Unser Gespräch läuft weiter, es ist nichts verloren. Bitte antworten Sie mit Text.
dialogue-other-kind = Diese Art von Nachricht kann ich nicht lesen. Unser Gespräch läuft weiter. Bitte antworten Sie mit Text.

# $contact: a sentence on how to reach the practice; may be empty
dialogue-human =
    Gern. Das Team von { $practice } weiß, dass Sie mit einer Person sprechen möchten, und meldet sich in diesem Raum. { $contact }
    Ich schreibe hier nichts mehr, bis Sie „bot“ schreiben.
dialogue-human-contact =
    Gern. Bitte wenden Sie sich an { $practice }: { $contact }
    Ich schreibe hier nichts mehr, bis Sie „bot“ schreiben.
dialogue-no-human = Ich kann hier leider keine Person dazuholen. Bitte wenden Sie sich direkt an { $practice }.
dialogue-back = Ich bin wieder für Sie da. Mit „hilfe“ sehen Sie, was ich kann.
dialogue-staff-wanted =
    Jemand möchte mit einer Person sprechen. Der Chatbot schweigt in dem Raum, bis dort jemand „bot“ schreibt.
    Wer übernimmt? Antworten Sie auf diese Nachricht (Funktion „Antworten“), dann lade ich Sie in den Raum ein.
dialogue-staff-invited = Danke. Ich lade Sie in den Raum ein. Kommt keine Einladung an, lassen Ihre Einstellungen keine von mir zu.
