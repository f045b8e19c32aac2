# What the chassis itself says. Plain German, "Sie", short.

### Chassis

chassis-room-not-encrypted =
    Dieser Raum ist nicht verschlüsselt. Ich antworte nur in verschlüsselten Räumen und verlasse diesen Raum wieder. Bitte laden Sie mich in einen verschlüsselten Raum ein.
chassis-message-not-encrypted =
    Ihre Nachricht war nicht verschlüsselt. Ich habe sie nicht bearbeitet. Bitte senden Sie sie verschlüsselt noch einmal.
chassis-failed =
    Es tut mir leid, bei Ihrer letzten Nachricht ist bei mir ein Fehler aufgetreten. Ich habe den Betreiber benachrichtigt. Bitte wenden Sie sich direkt an die Einrichtung, wenn es eilt.
chassis-please-send-again =
    Diese Nachricht konnte ich nicht entschlüsseln. Bitte senden Sie sie noch einmal.
chassis-key-withheld =
    Diese Nachricht konnte ich nicht entschlüsseln: Ihre App hat mir den Schlüssel nicht gegeben. Bitte erlauben Sie ihr, mir zu schreiben, zum Beispiel indem Sie mich in der App bestätigen, und senden Sie die Nachricht noch einmal.
chassis-device-not-trusted =
    Ihr Gerät ist nicht bestätigt oder Ihre Identität hat sich geändert. Deshalb lese ich Ihre Nachricht nicht. Bitte bestätigen Sie das Gerät in den Einstellungen Ihrer App, oder wenden Sie sich direkt an die Einrichtung.
chassis-verification-compare =
    Ihre App zeigt jetzt sieben Emojis. Fragen Sie die Einrichtung am Telefon oder vor Ort, welche sie sieht, und bestätigen Sie nur, wenn alle gleich sind. Hier im Chat zeige ich sie nicht: Ein Angreifer könnte sie ändern.
# To the operator: nothing about people or their messages.
chassis-operator-dead-letter =
    Betrieb: { $name } konnte nicht bearbeitet werden (Art: { $what }, Fehler: { $error }). Bitte sehen Sie nach: tim bot dead-letters list
chassis-operator-verification =
    Betrieb: Eine Person prüft, ob sie wirklich mit mir spricht. Wenn sie am Telefon oder vor Ort fragt, lesen Sie ihr vor: { $emoji } (als Zahlen: { $decimals }).
chassis-operator-code =
    Betrieb: Eine Person möchte prüfen, ob sie wirklich mit mir spricht. Ist sie vor Ort, zeigen Sie ihr diesen Code zum Scannen; er gilt zehn Minuten. Schicken Sie ihn niemandem.
