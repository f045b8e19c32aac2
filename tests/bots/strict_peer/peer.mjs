// A person's client as strict as Element with "Exclude insecure devices": matrix-js-sdk with its Rust crypto.
// Driven by JSON lines: {"id", "do", ...arguments} on stdin, {"id", "result"} or {"id", "error"} on stdout.

// node 18 (Debian 12) lacks the first, node 20 the second, and matrix-js-sdk 43 needs both
globalThis.crypto ??= (await import("node:crypto")).webcrypto;
Promise.withResolvers ??= function () {
    let resolve, reject;
    const promise = new Promise((a, b) => { resolve = a; reject = b; });
    return { promise, resolve, reject };
};

const stdout = process.stdout.write.bind(process.stdout);
for (const name of ["log", "info", "debug", "warn", "error", "trace"]) console[name] = () => {};

const sdk = await import("matrix-js-sdk");
const { logger } = await import("matrix-js-sdk/lib/logger.js");
const { OnlySignedDevicesIsolationMode, CryptoEvent, VerifierEvent, decodeRecoveryKey } =
    await import("matrix-js-sdk/lib/crypto-api/index.js");
const { createInterface } = await import("node:readline");
logger.disableAll?.();
logger.setLevel?.(logger.levels?.SILENT ?? 5);

let client, olm, verifier, verification, sas;
const heard = new Map();       // room id -> messages of others, in order of arrival
const waiting = new Set();     // functions to be called after anything happened
const wake = () => { for (const check of [...waiting]) check(); };

async function until(isTrue, seconds, what) {
    if (await isTrue()) return;
    await new Promise((resolve, reject) => {
        const timer = setTimeout(() => { waiting.delete(check); reject(new Error(`not in time: ${what}`)); }, seconds * 1000);
        const check = async () => {
            if (!(await isTrue())) return;
            clearTimeout(timer);
            waiting.delete(check);
            resolve();
        };
        waiting.add(check);
        check();
    });
}

function take(event) {
    if (event.getSender() === client.getUserId() || !event.getId() || event.isState()) return;
    if (!["m.room.message", "m.room.encrypted"].includes(event.getType())) return;
    const messages = heard.get(event.getRoomId()) ?? new Map();
    messages.set(event.getId(), event);
    heard.set(event.getRoomId(), messages);
    wake();
}

const commands = {
    async login({ homeserver, user, password, recoveryKey }) {
        const answer = await sdk.createClient({ baseUrl: homeserver, logger })
            .login("m.login.password", { identifier: { type: "m.id.user", user }, password });
        client = sdk.createClient({
            baseUrl: homeserver, logger,
            userId: answer.user_id, deviceId: answer.device_id, accessToken: answer.access_token,
            verificationMethods: ["m.sas.v1", "m.qr_code.show.v1", "m.qr_code.scan.v1", "m.reciprocate.v1"],
            cryptoCallbacks: recoveryKey && {
                getSecretStorageKey: async ({ keys }) => [Object.keys(keys)[0], decodeRecoveryKey(recoveryKey)],
            },
        });
        await client.initRustCrypto({ useIndexedDB: false });
        olm = client.getCrypto();
        olm.setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());
        client.on(sdk.ClientEvent.Event, take);
        client.on(sdk.MatrixEventEvent.Decrypted, take);
        client.on(sdk.ClientEvent.Sync, wake);
        client.on(sdk.RoomStateEvent.Events, wake);
        client.on(CryptoEvent.VerificationRequestReceived, wake);
        await client.startClient({ initialSyncLimit: 20, pollTimeout: 3000 });
        await until(() => client.isInitialSyncComplete(), 20, "the first sync");
        if (!recoveryKey) {
            await olm.bootstrapCrossSigning({ authUploadDeviceSigningKeys: (upload) => upload(null) });
        }
        return { userId: answer.user_id, deviceId: answer.device_id };
    },

    async recover() {
        await olm.userHasCrossSigningKeys(client.getUserId(), true); // the public half must be known first
        await olm.bootstrapCrossSigning({});
        await olm.loadSessionBackupPrivateKeyFromSecretStorage();
        const { imported } = await olm.restoreKeyBackup();
        return { isReady: await olm.isCrossSigningReady(), imported };
    },

    async createRoom({ invite, version }) {
        const { room_id } = await client.createRoom({
            preset: "private_chat", invite, is_direct: true, room_version: version,
            initial_state: [{ type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } }],
        });
        await until(async () => client.getRoom(room_id) && olm.isEncryptionEnabledInRoom(room_id), 20, "the room");
        return room_id;
    },

    async join({ room }) {
        await client.joinRoom(room);
        await until(async () => client.getRoom(room) && olm.isEncryptionEnabledInRoom(room), 20, "the room");
    },

    async waitForMember({ room, user }) {
        await until(() => client.getRoom(room)?.getMember(user)?.membership === "join", 20, "the member");
    },

    async send({ room, text }) {
        return (await client.sendTextMessage(room, text)).event_id;
    },

    // The messages of others, as soon as there are `count` of which none waits for its keys
    async heard({ room, count, seconds = 20 }) {
        const isMessage = (event) => ["m.room.message", "m.room.encrypted"].includes(event.getType());
        const all = () => [...(heard.get(room)?.values() ?? [])].filter(isMessage);
        const isReady = () => all().length >= count && all().every((event) => !event.isBeingDecrypted());
        await until(() => isReady() && (seconds < 5 || all().every((event) => !event.isDecryptionFailure())), seconds, "messages")
            .catch((error) => { if (all().length < count) throw error; });
        return Promise.all(all().map(async (event) => ({
            id: event.getId(),
            text: event.isDecryptionFailure() ? null : event.getContent().body,
            failure: event.decryptionFailureReason,
            isEncrypted: event.isEncrypted(),
            shield: (await olm.getEncryptionInfoForEvent(event))?.shieldColour ?? 0,
        })));
    },

    // Older messages of a room, decrypted with whatever keys this device has
    async history({ room }) {
        await client.scrollback(client.getRoom(room), 100);
        const events = client.getRoom(room).getLiveTimeline().getEvents().filter((event) => event.isEncrypted());
        await Promise.all(events.map((event) => client.decryptEventIfNeeded(event)));
        return events.map((event) => (event.isDecryptionFailure() ? null : event.getContent().body));
    },

    async statusOf({ user, device }) {
        const status = await olm.getDeviceVerificationStatus(user, device);
        const identity = await olm.getUserVerificationStatus(user);
        return status && {
            isSigned: status.signedByOwner,
            isDeviceVerified: status.crossSigningVerified,
            isUserVerified: identity.isCrossSigningVerified(),
            needsApproval: identity.needsUserApproval,
        };
    },

    async waitUntilVerified({ user }) {
        await until(async () => (await olm.getUserVerificationStatus(user)).isCrossSigningVerified(), 20, "the verified user");
    },

    async devicesOf({ user }) {
        return [...((await olm.getUserDeviceInfo([user], true)).get(user)?.keys() ?? [])];
    },

    async hasCrossSigning({ user }) {
        return olm.userHasCrossSigningKeys(user, true);
    },

    async requestVerification({ user, room }) {
        verification = await olm.requestVerificationDM(user, room);
        verification.on("change", wake);
        await until(() => verification.phase >= 3, 20, "the bot to be ready");
        return { phase: verification.phase, canSas: verification.otherPartySupportsMethod("m.sas.v1") };
    },

    async startSas() {
        verifier = await verification.startVerification("m.sas.v1");
        verifier.on(VerifierEvent.ShowSas, (shown) => { sas = shown; wake(); });
        verifier.on(VerifierEvent.Cancel, wake);
        verifier.verify().catch(() => wake());
        await until(() => sas ?? verification.phase === 5, 20, "the emojis");
        return sas && { emoji: sas.sas.emoji, decimal: sas.sas.decimal };
    },

    async confirmSas({ isSame }) {
        if (isSame) await sas.confirm();
        else sas.mismatch();
        await until(() => verification.phase >= 5, 20, "the end of the verification");
        return { phase: verification.phase, code: verification.cancellationCode };
    },

    async scan({ code }) {
        verifier = await verification.scanQRCode(new Uint8ClampedArray(Buffer.from(code, "base64")));
        await verifier.verify();
        return { phase: verification.phase };
    },

    async stop() {
        client?.stopClient();
        setTimeout(() => process.exit(0), 0);
    },
};

process.on("unhandledRejection", () => {});
for await (const line of createInterface({ input: process.stdin })) {
    const { id, do: name, ...args } = JSON.parse(line);
    // not awaited: the next command may come while one waits
    commands[name](args).then(
        (result) => stdout(JSON.stringify({ id, result: result ?? null }) + "\n"),
        (error) => stdout(JSON.stringify({ id, error: `${error?.message ?? error}` }) + "\n"),
    );
}
process.exit(0);
