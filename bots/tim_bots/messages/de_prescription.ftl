### Prescription requests. $number: of the request at the counter.

prescription-help =
    Pflegedienste fragen hier Folgerezepte an: „!rezept“ beginnt.
    „!rezept 17 Text“ schreibt der Praxis zu Anfrage 17, „!rezept storno 17 Grund“ zieht sie zurück.
    Bei einem Notfall: 112, ärztlicher Bereitschaftsdienst: 116117.
prescription-not-entitled = Rezepte können hier nur Pflegedienste anfragen, die im Verzeichnis der TI als solche eingetragen sind. Ich habe nichts weitergegeben. Mit „mensch“ erreichen Sie die Praxis.
prescription-not-known-yet = Ich sehe gerade im Verzeichnis der TI nach, für wen Sie schreiben. Bitte schreiben Sie in einer Minute noch einmal „!rezept“. Ich habe noch nichts weitergegeben.
prescription-patient = Für wen ist das Rezept? Bitte Name und Geburtsdatum, zum Beispiel „Erika Muster, 01.02.1940“.
prescription-patient-hint = Ich brauche Name und Geburtsdatum in dieser Form: „Erika Muster, 01.02.1940“. Mit „abbrechen“ hören wir auf.
prescription-medication = Welches Medikament? Name, Stärke und Packung, gern mit PZN, zum Beispiel „Beispielpril 5 mg, 100 Tabletten, PZN 01234562“.
prescription-wrong-pzn = Diese PZN kann nicht stimmen: Sie hat acht Ziffern, und die letzte prüft die anderen. Bitte schreiben Sie das Medikament noch einmal.
prescription-quantity = Wie viel, zum Beispiel „1 Packung“?
prescription-dosage = Wie wird es eingenommen, zum Beispiel „1-0-0-0“?
prescription-needed = Bis wann wird es gebraucht, und wie lange reicht der Vorrat? Zum Beispiel „bis 09.03., Vorrat 7 Tage“.
prescription-text-hint = Bitte antworten Sie mit einem kurzen Text. Mit „zurück“ gehen wir einen Schritt zurück, mit „abbrechen“ hören wir auf.
prescription-preview =
    Bitte prüfen Sie, noch ist nichts gesendet:
    { $patient }
    { $items }
    Betäubungsmittel, T-Rezepte, Hilfsmittel und Verbandmittel fragen Sie bitte auf herkömmlichem Weg an.
    1) Senden
    2) Als dringend senden
    3) Weiteres Medikament
    4) Verwerfen
prescription-preview-hint = Bitte antworten Sie mit einer Nummer von 1 bis 4. Noch ist nichts gesendet.
prescription-sent =
    { $count ->
        [one] Angefragt bei { $practice }, Nummer { $numbers }.
       *[other] { $count } Medikamente angefragt bei { $practice }, Nummern { $numbers }.
    } Ich melde mich, sobald die Praxis entschieden hat. In einem Notfall wählen Sie 112.
prescription-stopped = In Ordnung. Ich habe nichts gesendet und den Entwurf verworfen.
prescription-late = Der Entwurf der Rezeptanfrage ist verfallen, ich habe nichts gesendet. Mit „!rezept“ beginnen Sie von vorn.
prescription-finish-first = Sie sind mitten in einer Rezeptanfrage. Bitte beantworten Sie zuerst meine Frage, oder schreiben Sie „abbrechen“.
prescription-too-long = Das ist zu lang, bitte höchstens { $longest } Zeichen. Ich habe nichts weitergegeben.
prescription-too-many-items = Mehr als { $most } Medikamente gehen nicht in eine Anfrage. Bitte senden Sie diese zuerst.
prescription-too-many-open = Aus diesem Raum sind schon sehr viele Anfragen offen. Ich habe nichts gesendet. Bitte warten Sie, bis die Praxis einige bearbeitet hat, oder schreiben Sie „mensch“.
prescription-no-token = Das sieht nach dem Zugangscode eines E-Rezepts aus. Ich gebe ihn nicht weiter: Wer ihn hat, kann das Rezept einlösen. Bitte löschen Sie Ihre Nachricht. Ich habe nichts geändert.
prescription-no-file = Zu Rezeptanfragen gebe ich keine Dateien weiter, sie könnten den Zugangscode eines E-Rezepts enthalten. Ich habe nichts geändert.
prescription-not-yours = Unter dieser Nummer finde ich keine Rezeptanfrage von Ihnen in diesem Raum. Ich habe nichts geändert.
prescription-is-closed = Anfrage { $number } ist schon abgeschlossen. Ich habe nichts geändert. Mit „mensch“ erreichen Sie die Praxis.
prescription-passed-on = Zu Anfrage { $number } weitergegeben.
prescription-no-reason = ohne Grund
prescription-cancelled = Anfrage { $number } ist zurückgezogen. Die Praxis ist informiert.
prescription-late-cancel = DRINGEND zu Anfrage { $number }: Der Pflegedienst möchte das Rezept nicht mehr ({ $reason }). Es ist schon ausgestellt, löschen kann es nur die Praxis.
prescription-late-cancel-told = Das Rezept zu Anfrage { $number } ist schon ausgestellt. Ich habe die Praxis dringend informiert; nur sie kann es löschen.

prescription-card-title = Rezeptanfrage
prescription-card-quantity = Menge: { $quantity } · Einnahme: { $dosage }
prescription-card-needed = Bedarf: { $needed }

prescription-issued = Anfrage { $number } ({ $medication }): ausgestellt von { $practice }. Die Patientin oder der Patient löst das Rezept mit Gesundheitskarte oder App in einer Apotheke eigener Wahl ein.
prescription-declined = Anfrage { $number } ({ $medication }): abgelehnt von { $practice }. Grund: { $reason }
prescription-asked =
    { $name } ({ $practice }) fragt zu Anfrage { $number } ({ $medication }):
    { $text }
    Ihre Antwort schreiben Sie bitte so: „!rezept { $number } Ihr Text“.
prescription-handed-over = Anfrage { $number } ({ $medication }) liegt jetzt bei einer Ärztin oder einem Arzt.
