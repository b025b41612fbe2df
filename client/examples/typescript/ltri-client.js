/**
 * A client of Ltri's inference service over gRPC, made from the .proto file when it starts.
 *
 *   npx tsx ltri-client.ts server
 *   npx tsx ltri-client.ts put FILE
 *   npx tsx ltri-client.ts documents
 *   npx tsx ltri-client.ts ask [--document ID] [--max-tokens N] [--cancel-after N] QUESTION
 *
 * Common to all: --server HOST:PORT, --timeout SECONDS, --token-file FILE, --tls, --authorities PEM, --certificate PEM,
 * --key PEM.
 */
import { createReadStream, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
const protos = join(dirname(fileURLToPath(import.meta.url)), "../../../proto/src/main/protobuf");
const loaded = loadSync("ltri/inference/v1/inference.proto", {
    includeDirs: [protos], longs: String, enums: String, defaults: true, oneofs: true,
});
const { Server, Documents, Generation } = grpc.loadPackageDefinition(loaded).ltri.inference.v1;
const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
        server: { type: "string", default: "127.0.0.1:7600" },
        timeout: { type: "string" },
        "token-file": { type: "string" },
        tls: { type: "boolean", default: false },
        authorities: { type: "string" },
        certificate: { type: "string" },
        key: { type: "string" },
        document: { type: "string", short: "d", default: "" },
        "max-tokens": { type: "string", default: "64" },
        "cancel-after": { type: "string" },
    },
});
function credentials() {
    const read = (path) => (path ? readFileSync(path) : null);
    return options.tls || options.authorities || options.certificate
        ? grpc.credentials.createSsl(read(options.authorities), read(options.key), read(options.certificate))
        : grpc.credentials.createInsecure();
}
function metadata() {
    const headers = new grpc.Metadata();
    if (options["token-file"]) {
        headers.set("authorization", "Bearer " + readFileSync(options["token-file"], "utf8").split("\n")[0].trim());
    }
    return headers;
}
function deadline() {
    return options.timeout ? { deadline: Date.now() + Number(options.timeout) * 1000 } : {};
}
/** A call with one answer. */
function unary(Service, method, request) {
    const client = new Service(options.server, credentials());
    return new Promise((resolve, reject) => {
        client[method](request, metadata(), deadline(), (error, answer) => error ? reject(error) : resolve(answer));
    }).finally(() => client.close());
}
async function server() {
    const info = await unary(Server, "getServer", {});
    console.log(`model      ${info.model} (${info.precision} on ${info.device}), trained for ${info.trainedLength} tokens`);
    console.log(`policy     ${info.policy}`);
    console.log(`version    ${info.version}`);
    console.log(`index      ${info.indexState}, ${info.documents} documents`);
}
async function documents() {
    const list = await unary(Documents, "listDocuments", {});
    for (const { id, tokens, title } of list.documents) {
        console.log(`${id}  ${tokens.padStart(9)} tokens  ${title}`);
    }
}
async function put(file) {
    const client = new Documents(options.server, credentials());
    const call = client.createDocument(metadata(), deadline());
    const sent = (async () => {
        call.write({ header: { title: basename(file), sizeBytes: statSync(file).size } });
        const messages = async function* (pieces) {
            for await (const text of pieces)
                yield { text };
        };
        await pipeline(createReadStream(file), messages, call);
    })();
    sent.catch((error) => call.destroy(error));
    try {
        for await (const event of call) {
            if (event.progress) {
                console.error(`${event.progress.tokens} tokens read`);
            }
            else if (event.created) {
                const { document, read } = event.created;
                console.log(`${document.id}  ${document.tokens} tokens, ${read ? "read" : "known already"}`);
            }
        }
    }
    finally {
        client.close();
    }
}
async function ask(question) {
    const client = new Generation(options.server, credentials());
    const call = client.generate({
        documentId: options.document,
        messages: [{ role: "user", content: question }],
        maxTokens: Number(options["max-tokens"]),
    }, metadata(), deadline());
    const most = Number(options["cancel-after"] ?? Infinity);
    let tokens = 0;
    let interrupted = false;
    process.once("SIGINT", () => {
        interrupted = true;
        call.cancel(); // Frees the work on the server within one step.
    });
    try {
        for await (const event of call) {
            if (event.text) {
                process.stdout.write(event.text.text);
                tokens += event.text.tokenIds.length;
                if (tokens >= most)
                    call.cancel();
            }
            else if (event.figures) {
                const f = event.figures;
                const reason = f.finishReason.replace("FINISH_REASON_", "").toLowerCase();
                console.error(`\n[${reason}: ${f.promptTokens} prompt tokens, ${f.reusedTokens} of them from the index, ` +
                    `${f.generatedTokens} generated, ${Number(f.spansFetched) + Number(f.spansFromCache)} spans looked up]`);
            }
        }
    }
    catch (error) {
        if (error.code !== grpc.status.CANCELLED || !(interrupted || tokens >= most)) {
            if (tokens)
                console.log();
            throw error;
        }
        console.error(`\n[cancelled after ${tokens} tokens]`);
        if (interrupted)
            process.exitCode = 130;
    }
    finally {
        client.close();
    }
}
const [command, argument] = positionals;
const commands = {
    server,
    documents,
    put: () => put(argument),
    ask: () => ask(argument),
};
if (!commands[command] || (["put", "ask"].includes(command) && !argument)) {
    console.error("usage: npx tsx ltri-client.ts [OPTIONS] server | documents | put FILE | ask QUESTION");
    process.exit(2);
}
try {
    await commands[command]();
}
catch (error) {
    const { code, details, message } = error;
    console.error(typeof code === "number" ? `${grpc.status[code]}: ${details}` : message);
    process.exit(1);
}
