"""In-room verification, so that a person can verify the bot in Element (client-server API, "Key verification").

What it proves, and to whom. Both sides show the same seven emojis only if nobody sits between them. A bot cannot
look at two screens, so a person has to compare: the emojis of the person's client with those that the practice
reads from the bot's log or from the operator's room, on the telephone or in person. The bot never shows them in
the chat that is being verified: whoever sits in between could rewrite them there.

Or the person scans a QR code. It is shown in the operator's room alone, for the practice's own screen, and holds a
secret of this one verification; the person's client compares the master keys in it.

The bot takes part with whoever asks and sends the proof for its own master key after the person confirmed; that
tells a person something about the bot and costs the bot nothing. It learns nothing about the person, since nobody
compared on its side: no user and no device is ever marked as verified by it. Whom the bot trusts is `trust` in
`bot.yaml` and the pins in `tim_bots.guard.trust`.
"""
