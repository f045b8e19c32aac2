### Who a person is, and what they consented to.

person-unknown-pin =
    Dafür muss ich zuerst wissen, wer Sie sind. { $practice } gibt Ihnen eine sechsstellige PIN.
    Schreiben Sie dann zum Beispiel: !verbinden 482913
person-unknown = Dafür muss ich zuerst sicher wissen, wer Sie sind. Bitte wenden Sie sich an { $practice }.
person-connected = Danke, Ihr Konto ist jetzt mit { $practice } verbunden. Die PIN ist verbraucht.
person-pin-wrong = Diese PIN kenne ich nicht, oder sie ist abgelaufen. Bitte prüfen Sie die sechs Ziffern.
person-pin-too-many = Zurzeit nehme ich keine PIN an, es gab zu viele falsche Versuche. Bitte wenden Sie sich an { $practice }.
person-pin-format = Bitte schreiben Sie „!verbinden“ und dahinter die sechs Ziffern Ihrer PIN.

person-consent-question =
    Bevor wir beginnen, brauche ich Ihre Einwilligung:
    { $text }
    Sie können sie jederzeit mit „stopp“ widerrufen. Sind Sie einverstanden? Antworten Sie mit „ja“ oder „nein“.
person-consent-hint = Das habe ich nicht verstanden. Antworten Sie bitte mit „ja“ oder „nein“.
person-consent-recorded = Danke, Ihre Einwilligung ist gespeichert. Mit „stopp“ widerrufen Sie sie.
person-consent-refused = In Ordnung, ich habe nichts gespeichert. Ohne Ihre Einwilligung kann ich das nicht tun. Bitte wenden Sie sich direkt an { $practice }.
person-consent-late = Meine Frage ist abgelaufen, ich habe nichts gespeichert. Bitte beginnen Sie noch einmal.
person-consent-given = Ihre Einwilligung liegt vor. Mit „stopp“ widerrufen Sie sie.
person-consent-withdrawn = Ihre Einwilligung ist widerrufen. Ich verwende Ihre Angaben ab jetzt nicht mehr. Mit „!einwilligung“ können Sie sie neu geben. Was schon vereinbart ist, gilt weiter; zum Absagen wenden Sie sich an { $practice }.
person-help = „!einwilligung“ zeigt Ihre Einwilligung, „stopp“ widerruft sie.

# Printed by `tim bot pin new` for the person at the counter
person-pin-handout =
    { $practice }: So verbinden Sie Ihr Konto
    1. Scannen Sie den QR-Code und öffnen Sie den Chat.
    2. Schreiben Sie dort: !verbinden { $pin }
    Die PIN gilt einmal. Geben Sie sie nicht weiter.
