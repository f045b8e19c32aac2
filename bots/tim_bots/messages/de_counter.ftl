### The counter room (Virtueller Tresen). $number: of the request. Flags are "yes" or "no".

counter-card-head =
    { $overdue ->
        [yes] ÜBERFÄLLIG ·{ " " }
       *[no] { "" }
    }{ $urgency ->
        [urgent] DRINGEND ·{ " " }
       *[routine] { "" }
    }Anfrage { $number } · { $title }
counter-card-asker = Von: { $asker }
counter-card-since = Eingang: { $when }
counter-state-open =
    { $doctor ->
        [yes] Stand: offen, wartet auf Ärztin oder Arzt
       *[no] Stand: offen
    }
counter-state-claimed = Stand: in Arbeit bei { $name }
counter-state-asked =
    { $has_note ->
        [yes] Stand: { $name } wartet auf Antwort ({ $note })
       *[no] Stand: { $name } wartet auf Antwort
    }
counter-state-accepted = Stand: erledigt von { $name }, { $when }
counter-state-declined = Stand: abgelehnt von { $name }, { $when } ({ $note })
counter-state-withdrawn = Stand: zurückgezogen, { $when } ({ $note })

counter-line =
    { $overdue ->
        [yes] ÜBERFÄLLIG{ " " }
       *[no] { "" }
    }{ $urgency ->
        [urgent] DRINGEND{ " " }
       *[routine] { "" }
    }{ $number } · { $title } · { $asker } · { $age } · { $state ->
        [claimed] { $name }
        [asked] { $name }, wartet auf Antwort
        [accepted] erledigt
        [declined] abgelehnt
        [withdrawn] zurückgezogen
       *[open] { $doctor ->
            [yes] für Ärztin oder Arzt
           *[no] offen
        }
    }
counter-more =
    { $count ->
        [one] … und eine weitere
       *[other] … und { $count } weitere
    }
counter-overdue =
    Diese Anfrage wartet zu lange:
    { $line }
counter-summary =
    Guten Morgen. { $count ->
        [0] Es ist nichts offen.
        [one] Eine Anfrage ist offen.
       *[other] { $count } Anfragen sind offen.
    } In den letzten 24 Stunden { $closed ->
        [0] wurde keine abgeschlossen.
        [one] wurde eine abgeschlossen.
       *[other] wurden { $closed } abgeschlossen.
    }
    { $lines }

counter-asker-says = Antwort zu Anfrage { $number }: { $text }
counter-withdrawn = Anfrage { $number } ist zurückgezogen: { $why }

counter-is-closed = Anfrage { $number } ist schon abgeschlossen. Ich habe nichts geändert.
counter-is-taken = Anfrage { $number } hat { $name } übernommen. Ich habe nichts geändert.
counter-is-yours = Anfrage { $number } haben Sie schon übernommen.
counter-is-free = Anfrage { $number } hat niemand übernommen.
counter-is-for-doctors = Über Anfrage { $number } entscheidet eine Ärztin oder ein Arzt. Ich habe nichts geändert.
counter-is-with-doctor = Anfrage { $number } wartet schon auf eine Ärztin oder einen Arzt.
counter-no-doctor = Am Tresen ist keine Ärztin und kein Arzt eingetragen. Bitte sagen Sie es Ihrer IT.
counter-no-flow = Anfragen dieser Art bearbeite ich nicht mehr. Bitte klären Sie sie ohne mich. Ich habe nichts geändert.

# In the counter room

counter-greeting =
    Guten Tag, das ist der Tresen von { $practice }. Hier erscheint jede Anfrage als Karte.
    „!offen“ zeigt, was offen ist, „!hilfe“, was Sie schreiben können.
counter-help =
    Sie können schreiben (17 steht für die Nummer; antworten Sie auf eine Karte, dann ohne Nummer):
    „!ok 17“ oder „!ok 17 Text“ – erledigt; den Text erhält, wer fragt
    „!nein 17 Grund“ – ablehnen; den Grund erhält, wer fragt
    „!frage 17 Text“ – zurückfragen oder antworten
    „!nehme 17“, „!frei 17“ – übernehmen, zurückgeben
    „!arzt 17“ – an Ärztin oder Arzt geben
    „!dazu 17“ – in den Raum eingeladen werden, in dem jemand eine Person sprechen möchte
    „!raum 17“ – nur Ärztin oder Arzt: ein eigener Raum mit der fragenden Person, bis die Anfrage abgeschlossen ist
    „!zeig 17“ – Karte zeigen
    „!offen“, „!meine“ – was offen ist, was Sie übernommen haben
    Was ohne „!“ beginnt, bleibt unter Ihnen. Nur „ok“, „nehme“, „frei“ und „arzt“ gelten als Antwort auf eine Karte auch allein.
counter-not-a-member = Sie sind am Tresen nicht eingetragen, deshalb habe ich nichts geändert. Ihre IT kann Sie eintragen.
counter-no-such-number = Anfrage { $number } gibt es nicht. „!offen“ zeigt, was offen ist.
counter-unknown-word = Das kenne ich nicht. Ich habe nichts geändert. „!hilfe“ zeigt, was Sie schreiben können.
counter-number-missing = Welche Anfrage meinen Sie? Schreiben Sie die Nummer dazu, zum Beispiel „!ok 17“, oder antworten Sie auf die Karte.
counter-two-numbers = Sie antworten auf eine Anfrage und nennen eine andere Nummer. Ich habe nichts geändert. Nennen Sie bitte zuerst die Nummer der Karte, zum Beispiel „!nein 17 Grund“.
counter-reason-missing = Bitte nennen Sie den Grund, zum Beispiel „!nein 17 Termin nötig“. Wer fragt, erhält ihn. Ich habe noch nichts geändert.
counter-text-missing = Bitte schreiben Sie die Frage dazu, zum Beispiel „!frage 17 Wie viele sind noch da?“.
counter-text-too-long = Der Text ist zu lang, ich habe ihn nicht weitergegeben. Bitte teilen Sie ihn auf.
counter-mark-missing = Das habe ich nicht weitergegeben und nichts geändert. Damit ich etwas tue, beginnen Sie mit „!“, zum Beispiel „!ok 17“, „!nein 17 Grund“ oder „!frage 17 Text“; „!hilfe“ zeigt alles.
counter-file-waits = Anfrage { $number }: Die Datei habe ich gemerkt, gesendet ist sie noch nicht. Sie geht mit, wenn Sie als Nächstes „!ok { $number }“ oder „!frage { $number } Text“ schreiben. Eine andere Datei ersetzt sie, „!frei { $number }“ vergisst sie.
counter-file-not-usable = Diese Datei kann ich so nicht weitergeben. Ich habe nichts geändert. Dateien gehen mit „!ok“ und „!frage“.
counter-cannot-join = Zu Anfrage { $number } kann ich Sie nicht dazuholen. Antworten Sie mit „!frage { $number } Text“, ich gebe es weiter.
counter-none-open = Es ist nichts offen.
counter-none-yours = Sie haben nichts übernommen. „!offen“ zeigt, was offen ist.
counter-done-ok = Anfrage { $number }: erledigt. Ich habe Bescheid gegeben.
counter-done-no = Anfrage { $number }: abgelehnt. Ich habe den Grund weitergegeben.
counter-done-ask = Anfrage { $number }: weitergegeben. Die Antwort erscheint hier.
counter-done-doctor = Anfrage { $number } wartet jetzt auf eine Ärztin oder einen Arzt.
counter-done-take = Anfrage { $number }: { $name } hat übernommen.
counter-done-release = Anfrage { $number } ist wieder frei.
counter-done-room = Anfrage { $number }: Ich lege einen Raum an und lade Sie und die fragende Person ein.
counter-room-for-doctors = Einen eigenen Raum öffnen nur Ärztinnen und Ärzte. „!frage“ gibt Ihre Nachricht weiter.
counter-room-is-there = Zu Anfrage { $number } gibt es schon einen Raum.
counter-room-refused = Zu Anfrage { $number } konnte ich keinen Raum anlegen. Antworten Sie mit „!frage { $number } Text“.
counter-room-open = Anfrage { $number }: Der Raum ist da, { $name } und die fragende Person sind eingeladen. Ich schließe ihn, sobald die Anfrage abgeschlossen ist.
counter-room-name = Gespräch zu Anfrage { $number }
counter-room-welcome = Hier sprechen Sie mit { $name } ({ $practice }). Ich schweige und schließe den Raum, sobald die Anfrage abgeschlossen ist.
counter-done-join = Anfrage { $number }: Ich lade { $name } in den Raum ein. Was dort geschrieben wird, gebe ich hier nicht mehr weiter.

# Somebody wants to talk to a person. In the counter room, then in the person's room

counter-person-wanted = Möchte mit einer Person sprechen
counter-person-how = Der Chatbot schweigt in dem Raum. „!frage“ antwortet, „!dazu“ holt Sie in den Raum, „!ok“ schließt ab.
counter-asks-again = Anfrage { $number }: fragt noch einmal nach einer Person.
counter-member-says =
    { $name } ({ $practice }) schreibt:
    { $text }
counter-person-comes =
    Gern. Das Team von { $practice } weiß, dass Sie mit einer Person sprechen möchten, und antwortet in diesem Raum.
    Was Sie hier schreiben, gebe ich an das Team weiter. Ich selbst schreibe erst wieder, wenn Sie „bot“ schreiben.
# $hours: of the staff
counter-nobody-but-told =
    Ich erreiche gerade niemanden, habe Ihr Anliegen aber an das Team weitergegeben. Es antwortet in diesem Raum, und was Sie hier schreiben, gebe ich weiter. Mit „bot“ rufen Sie mich wieder. Unsere Zeiten: { $hours }.
counter-member-asks =
    { $name } ({ $practice }) schreibt:
    { $text }
    Ihre Antwort in diesem Raum gebe ich weiter.
counter-person-done = { $practice } hat Ihr Anliegen abgeschlossen. Ich bin wieder für Sie da; mit „hilfe“ sehen Sie, was ich kann.
counter-person-declined = { $practice } kann Ihr Anliegen hier nicht bearbeiten: { $reason }
counter-person-handed-over = Ihr Anliegen liegt jetzt bei einer Ärztin oder einem Arzt.
counter-too-long-to-pass-on = Ihre Nachricht ist mir zu lang, ich habe sie nicht weitergegeben. Bitte teilen Sie sie auf.
counter-cannot-pass-on = Diese Art von Nachricht kann ich nicht weitergeben. Bitte schreiben Sie Text oder schicken Sie eine Datei.

# $name: of a file that the practice's software handed over
counter-file-refused =
    Die Datei „{ $name }“ aus der Praxissoftware habe ich nicht ausgeführt: { $reason }
    Sie liegt im Ordner „error“.
counter-file-no-request = Eine Anfrage mit dieser Nummer gibt es nicht.
