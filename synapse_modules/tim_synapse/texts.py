"""What a refused person reads in her client: German, short, without naming anyone."""

from collections.abc import Mapping

from tim_policy.decision import Reason

CLIENT_TEXT: Mapping[Reason, str] = {
    Reason.NO_VERIFIED_LIST: "Zurzeit sind keine Einladungen zu anderen Organisationen möglich. "
    "Bitte versuchen Sie es später erneut.",
    Reason.SERVER_NOT_LISTED: "Diese Organisation gehört nicht zur TI-Föderation.",
    Reason.INVALID_SERVER_NAME: "Die Adresse dieser Organisation ist nicht gültig.",
    Reason.SERVER_OUTSIDE_REGION: "Der Server dieser Organisation steht außerhalb der zugelassenen Länder.",
    Reason.SERVER_REGION_UNKNOWN: "Der Standort des Servers dieser Organisation ist nicht bekannt.",
    Reason.INVITE_OF_ONESELF: "Sich selbst können Sie nicht einladen.",
    # Word for word as for somebody who blocks: nobody can find out by invites who has an account.
    Reason.INVITEE_UNKNOWN: "Diese Person nimmt Ihre Einladung nicht an.",
    Reason.INSURERS_REFUSED: "Einladungen zwischen dieser Organisation und Krankenkassen sind nicht möglich.",
    Reason.DIRECT_ROOM_FULL: "In ein Zweiergespräch können Sie niemanden mehr einladen. Bitte legen Sie einen Raum an.",
    Reason.INSURED_TO_INSURED: "Versicherte können andere Versicherte nicht einladen.",
    Reason.BLOCKED_BY_INVITEE: "Diese Person nimmt Ihre Einladung nicht an.",
    Reason.UNREADABLE_PERMISSION_CONFIG: "Diese Person nimmt Ihre Einladung nicht an.",
    Reason.UNREADABLE_REQUEST: "Die Anfrage ist unvollständig oder fehlerhaft.",
    Reason.THIRD_PARTY_INVITE: "Einladungen per E-Mail oder Telefonnummer sind nicht möglich.",
    Reason.NOT_ONE_EMOJI: "Eine Reaktion ist genau ein Emoji.",
    Reason.THREAD: "Threads werden nicht angeboten. Bitte antworten Sie im Chat selbst.",
    Reason.UNKNOWN_EVENT: "Diese Nachricht ist hier nicht bekannt.",
    Reason.TOO_OLD_TO_REDACT: "Diese Nachricht ist zu alt, um gelöscht zu werden.",
    Reason.REQUEST_TOO_LARGE: "Die Anfrage ist zu groß.",
    Reason.CONTRADICTORY_ROOM: "Die Angaben zum neuen Raum widersprechen sich.",
    Reason.ROOM_VERSION: "Räume dieser Version können hier nicht angelegt werden.",
    Reason.ROOM_TYPE: "Räume dieser Art können hier nicht angelegt werden.",
    Reason.TOO_MANY_INVITEES: "Beim Anlegen eines Raums kann nur eine Person eingeladen werden. "
    "Bitte laden Sie weitere Personen danach ein.",
    Reason.ROOM_STAYS_ON_ITS_SERVER: "In diesen Raum können nur Personen der eigenen Organisation eingeladen werden.",
    Reason.PUBLIC_ROOM: "Öffentliche Räume sind hier nicht möglich.",
    Reason.PUBLIC_LATER: "Ein privater Raum kann nicht öffentlich gemacht werden.",
    Reason.NOT_A_PUBLIC_ROOM: "Nur öffentliche Räume der eigenen Organisation stehen im Raumverzeichnis.",
    Reason.JOIN_RULE: "Diese Zutrittsregel ist hier nicht möglich.",
    Reason.HISTORY_FOR_EVERYBODY: "Der Verlauf dieses Raums kann nicht für alle lesbar gemacht werden.",
    Reason.NOT_ENCRYPTED: "Private Räume sind immer verschlüsselt.",
    Reason.PUBLIC_ROOM_ENCRYPTED: "Öffentliche Räume können nicht verschlüsselt werden.",
    Reason.GUESTS: "Gäste ohne Konto sind in Räumen nicht zugelassen.",
    Reason.POWER_LEVELS: "Mit diesen Berechtigungen könnte jedes Mitglied den Schutz des Raums aufheben.",
    Reason.SERVER_ACL: "Die Serverliste des Raums würde die eigene Organisation aussperren.",
    Reason.REPLACEMENT_ROOM: "Ein Raum kann nur durch einen Raum der eigenen Organisation ersetzt werden.",
    Reason.PROTECTED_STATE: "Diese Einstellung des Raums kann nicht gelöscht werden.",
    Reason.ROOM_ALIAS: "Räume haben hier keine öffentliche Adresse.",
    Reason.NOT_INVITED: "Räume anderer Organisationen können Sie nur mit einer Einladung betreten.",
    Reason.NOT_OFFERED: "Diese Funktion wird hier nicht angeboten.",
    Reason.LOGIN_REQUIRED: "Bitte melden Sie sich an.",
    Reason.SIGNATURE_REQUIRED: "Diese Auskunft erhalten nur Server der TI-Föderation.",
    Reason.METHOD_NOT_ALLOWED: "Diese Adresse kann nur gelesen werden.",
    Reason.NO_SHARED_ROOM: "Das Profil sehen nur Personen, die einen Chat mit dieser Person teilen.",
    Reason.STATUS_TOO_LONG: "Der Statustext ist zu lang.",
    Reason.NAME_IS_FIXED: "Den Anzeigenamen ändert die Administration Ihrer Organisation.",
    Reason.CHATBOT_SUFFIX: "Der Name eines Chatbots endet mit „(Chatbot)“.",
    Reason.INTERNAL_ERROR: "Die Anfrage konnte nicht geprüft werden. Bitte versuchen Sie es später erneut.",
}
