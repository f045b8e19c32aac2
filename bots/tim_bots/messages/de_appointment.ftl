### Appointments. Times arrive written out; lists arrive as numbered lines.

appointment-greeting =
    Guten Tag, hier ist der Terminassistent von { $practice }.
    Schreiben Sie „Termin“, um einen Termin zu vereinbaren, oder „hilfe“, um alles zu sehen, was ich kann.

appointment-help =
    Ich vereinbare Termine für { $practice }. Schreiben Sie mir:
    „Termin“ – freie Termine ansehen und buchen
    „meine Termine“ – Ihre Termine ansehen
    „absagen“ – einen Termin absagen
    In Räumen mit mehreren Personen beginnen Sie bitte mit !termin, zum Beispiel „!termin hilfe“.

# $slots: numbered lines; $count: how many; $minutes: length of one
appointment-offer =
    { $count ->
        [one] Dieser Termin ist frei ({ $service }, { $minutes } Minuten):
       *[other] Diese Termine sind frei ({ $service }, { $minutes } Minuten):
    }
    { $slots }
    { $count ->
        [one] Antworten Sie mit „1“, um ihn zu buchen.
       *[other] Antworten Sie mit der Nummer, zum Beispiel „2“.
    } Andere Zeiten: „weitere“. Beenden: „abbrechen“.

# $kinds: numbered lines
appointment-which-kind =
    Worum geht es?
    { $kinds }
    Antworten Sie mit der Nummer. Beenden: „abbrechen“.
appointment-hint-kind = Das habe ich nicht verstanden. Antworten Sie bitte mit einer Nummer von 1 bis { $count } oder mit „abbrechen“.
appointment-poll-kind = Worum geht es?
appointment-kind-expired = Meine Frage ist abgelaufen. Mit „Termin“ beginnen Sie von vorn.
appointment-not-for-you = Diese Art von Termin können Sie hier nicht selbst buchen. Bitte rufen Sie in der Praxis an.
appointment-preparation = Bitte beachten Sie: { $text }

appointment-poll = Welcher Termin passt Ihnen?
appointment-poll-cancel = Welchen Termin möchten Sie absagen?
appointment-confirm-booking = Soll ich diesen Termin buchen: { $when }? Antworten Sie mit „ja“ oder „nein“.
appointment-hint-booking = Das habe ich nicht verstanden. Antworten Sie bitte mit „ja“ (buchen) oder „nein“.

appointment-no-slots = Zurzeit ist leider kein Termin frei. Bitte versuchen Sie es später noch einmal oder rufen Sie in der Praxis an.
appointment-no-more = Weitere freie Termine gibt es zurzeit nicht. Die zuletzt genannten können Sie noch wählen.
appointment-expired = Mein letztes Angebot ist abgelaufen. Ich habe neu nachgesehen.
appointment-taken = Dieser Termin ist leider gerade vergeben worden.
appointment-not-offered = Diese Zeit stand nicht zur Wahl.
appointment-ambiguous = Dazu passen mehrere Termine. Bitte antworten Sie mit einer Nummer von 1 bis { $count }.
appointment-wrong-number =
    { $count ->
        [one] Diese Nummer gibt es nicht. Zur Wahl steht nur die „1“.
       *[other] Diese Nummer gibt es nicht. Bitte wählen Sie eine Nummer von 1 bis { $count }.
    }
appointment-hint-offer =
    { $count ->
        [one] Das habe ich nicht verstanden. Antworten Sie bitte mit „1“, „weitere“ oder „abbrechen“.
       *[other] Das habe ich nicht verstanden. Antworten Sie bitte mit einer Nummer von 1 bis { $count }, „weitere“ oder „abbrechen“.
    }
appointment-stopped = In Ordnung, es wurde nichts gebucht. Mit „Termin“ beginnen Sie von vorn.
appointment-nothing-open = Es ist gerade nichts offen. Mit „Termin“ sehen Sie freie Termine.

# $when: weekday, date and time; $reference: T-1001
appointment-booked =
    Ihr Termin ist gebucht: { $when }
    { $service }, { $practice }, { $location }
    Terminnummer: { $reference }
    Zum Absagen schreiben Sie „absagen“. Die Datei termin.ics können Sie in Ihren Kalender übernehmen.
appointment-cancelled =
    Ihr Termin ist abgesagt: { $when }
    Terminnummer: { $reference }
    Die Datei termin.ics entfernt ihn aus Ihrem Kalender. Mit „Termin“ vereinbaren Sie einen neuen.
# Replaces the message that confirmed the booking
appointment-card-cancelled = Abgesagt: { $when }, Terminnummer { $reference }

appointment-list =
    { $count ->
        [one] Ihr Termin in diesem Raum:
       *[other] Ihre { $count } Termine in diesem Raum:
    }
    { $bookings }
    Zum Absagen schreiben Sie „absagen“.
appointment-none-booked = In diesem Raum haben Sie keinen kommenden Termin gebucht.
appointment-which-to-cancel =
    { $count ->
        [one] Das ist Ihr Termin:
       *[other] Welchen Termin möchten Sie absagen?
    }
    { $bookings }
    Antworten Sie mit der Nummer oder mit „abbrechen“.
appointment-no-such-booking = Diesen Termin habe ich nicht gefunden.
appointment-confirm-cancel = Möchten Sie diesen Termin absagen: { $when }? Antworten Sie mit „ja“ oder „nein“.
appointment-kept = In Ordnung, es wurde nichts abgesagt.
appointment-hint-which = Das habe ich nicht verstanden. Antworten Sie bitte mit der Nummer des Termins oder mit „abbrechen“.
appointment-hint-yes-no = Das habe ich nicht verstanden. Antworten Sie bitte mit „ja“ (absagen) oder „nein“ (behalten).
appointment-question-expired = Meine Frage ist abgelaufen, es wurde nichts abgesagt. Schreiben Sie bitte noch einmal „absagen“.
appointment-not-needed = Ich habe nichts geändert. Wenn Sie einen Termin absagen möchten, schreiben Sie „absagen“.
appointment-move = Zum Verschieben buchen Sie bitte mit „Termin“ einen neuen Termin und sagen danach den alten mit „absagen“ ab.

appointment-empty = Ihre Nachricht war leer. Schreiben Sie „hilfe“, um zu sehen, was ich kann.
appointment-too-long = Ihre Nachricht ist mir zu lang. Bitte schreiben Sie kürzer, zum Beispiel „Termin“ oder eine Nummer.
