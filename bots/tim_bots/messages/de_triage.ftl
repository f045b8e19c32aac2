### The counter of a function account. $name: of somebody of the staff, as configured.

triage-greeting = Guten Tag, hier ist der Chatbot von { $practice }. Ich hole die richtige Person für Sie dazu.
triage-question =
    Worum geht es?
    { $concerns }
    Antworten Sie mit der Nummer oder mit einem Wort.
triage-poll = Worum geht es?
triage-hint = Das habe ich nicht verstanden. Bitte antworten Sie mit einer Nummer von 1 bis { $count } oder mit einem Wort aus der Liste, oder mit „mensch“.
triage-ambiguous = Dazu passen mehrere Anliegen. Bitte antworten Sie mit der Nummer.
triage-stopped = In Ordnung. Ich habe niemanden benachrichtigt. Mit „!anliegen“ beginnen Sie von vorn.
triage-help = Ich bringe Ihr Anliegen zu { $practice }. Schreiben Sie „!anliegen“, um von vorn zu beginnen.

triage-inviting = Ich habe { $name } in diesen Raum eingeladen.
triage-meanwhile = Schreiben Sie gern schon, worum es geht. Ich halte mich jetzt zurück; mit „bot“ rufen Sie mich wieder.
triage-deputy = { $absent } ist bis { $until } nicht da. { $name } vertritt.
triage-closed = Zurzeit ist niemand im Dienst. Unsere Zeiten: { $hours }. { $name } sieht Ihre Nachricht, sobald wieder jemand da ist. In einem Notfall wählen Sie 112.
triage-later = { $name } ist gerade nicht im Dienst und sieht Ihre Nachricht später.
triage-not-reachable = { $name } ist für mich nicht erreichbar.
triage-no-answer = { $name } hat sich noch nicht gemeldet.
triage-nobody = Ich erreiche gerade niemanden. Bitte schreiben Sie später noch einmal. Unsere Zeiten: { $hours }.
triage-nobody-but-told = Ich erreiche gerade niemanden, habe Ihr Anliegen aber an das Team weitergegeben. Es meldet sich in diesem Raum. Unsere Zeiten: { $hours }.
triage-contact = Ohne mich erreichen Sie uns so: { $contact }

triage-card-invited = { $name } ist eingeladen und sieht diesen Raum.
triage-card-taken = { $name } hat übernommen.
triage-staff-wanted =
    Jemand wartet mit dem Anliegen „{ $concern }“, und niemand war erreichbar.
    Wer übernimmt? Antworten Sie auf diese Nachricht (Funktion „Antworten“), dann lade ich Sie in den Raum ein.
