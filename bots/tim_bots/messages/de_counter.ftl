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
counter-state-accepted =
    { $has_note ->
        [yes] Stand: erledigt von { $name }, { $when } ({ $note })
       *[no] Stand: erledigt von { $name }, { $when }
    }
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
