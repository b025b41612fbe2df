"""A client of Ltri's inference service over gRPC, made from the .proto file when it starts.

    python ltri_client.py server
    python ltri_client.py put FILE
    python ltri_client.py documents
    python ltri_client.py ask [-d ID] QUESTION

What is common to all: --server, --token-file, --authorities, --certificate, --key, --timeout (python ltri_client.py -h).
"""

import argparse
import pathlib
import sys

import grpc

PROTO = pathlib.Path(__file__).resolve().parents[3] / "proto" / "src" / "main" / "protobuf"
sys.path.insert(0, str(PROTO))
messages, services = grpc.protos_and_services("ltri/inference/v1/inference.proto")

PIECE_BYTES = 64 * 1024


def channel(options):
    """Plain text, unless something of TLS is named; a token goes along with every call."""
    if options.authorities or options.certificate or options.tls:
        read = lambda path: path.read_bytes() if path else None
        transport = grpc.ssl_channel_credentials(
            read(options.authorities), read(options.key), read(options.certificate)
        )
        if options.token_file:
            token = options.token_file.read_text().split("\n")[0].strip()
            transport = grpc.composite_channel_credentials(transport, grpc.access_token_call_credentials(token))
        return grpc.secure_channel(options.server, transport)
    return grpc.insecure_channel(options.server)


def metadata(options):
    """The library refuses to attach call credentials to plain text: on loopback the header is set by hand."""
    if options.token_file and not (options.authorities or options.certificate or options.tls):
        return [("authorization", "Bearer " + options.token_file.read_text().split("\n")[0].strip())]
    return []


def show_server(connection, options):
    info = services.ServerStub(connection).GetServer(messages.GetServerRequest(), **call(options))
    print(f"model      {info.model} ({info.precision} on {info.device}), trained for {info.trained_length} tokens")
    print(f"policy     {info.policy}")
    print(f"version    {info.version}")
    print(f"index      {info.index_state}, {info.documents} documents")


def show_documents(connection, options):
    stub = services.DocumentsStub(connection)
    for document in stub.ListDocuments(messages.ListDocumentsRequest(), **call(options)).documents:
        print(f"{document.id}  {document.tokens:>9} tokens  {document.title}")


def put(connection, options):
    def parts():
        header = messages.CreateDocumentHeader(title=options.file.name, size_bytes=options.file.stat().st_size)
        yield messages.CreateDocumentRequest(header=header)
        with options.file.open("rb") as text:
            while piece := text.read(PIECE_BYTES):
                yield messages.CreateDocumentRequest(text=piece)

    for event in services.DocumentsStub(connection).CreateDocument(parts(), **call(options)):
        if event.HasField("progress"):
            print(f"{event.progress.tokens} tokens read", file=sys.stderr)
        else:
            created = event.created
            how = "read" if created.read else "known already"
            print(f"{created.document.id}  {created.document.tokens} tokens, {how}")


def ask(connection, options):
    request = messages.GenerateRequest(
        document_id=options.document,
        messages=[messages.Message(role="user", content=options.question)],
        max_tokens=options.max_tokens,
    )
    answer = services.GenerationStub(connection).Generate(request, **call(options))
    tokens = 0
    try:
        for event in answer:
            if event.HasField("text"):
                print(event.text.text, end="", flush=True)
                tokens += len(event.text.token_ids)
                if options.cancel_after and tokens >= options.cancel_after:
                    answer.cancel()
            else:
                figures = event.figures
                reason = messages.FinishReason.Name(figures.finish_reason).removeprefix("FINISH_REASON_").lower()
                print(
                    f"\n[{reason}: {figures.prompt_tokens} prompt tokens, {figures.reused_tokens} of them from the index,"
                    f" {figures.generated_tokens} generated, {figures.spans_fetched + figures.spans_from_cache} spans"
                    f" looked up]",
                    file=sys.stderr,
                )
    except KeyboardInterrupt:
        answer.cancel()  # Frees the work on the server within one step.
        raise
    except grpc.RpcError as error:
        if not options.cancel_after or error.code() != grpc.StatusCode.CANCELLED:
            if tokens:
                print()
            raise
        print(f"\n[cancelled after {tokens} tokens]", file=sys.stderr)


def call(options):
    return {"timeout": options.timeout, "metadata": metadata(options)}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="127.0.0.1:7600", help="host:port (%(default)s)")
    parser.add_argument("--timeout", type=float, help="seconds after which a call is given up (none)")
    parser.add_argument("--token-file", type=pathlib.Path, help="its first line is sent as a token")
    parser.add_argument("--tls", action="store_true", help="TLS with the system's authorities")
    parser.add_argument("--authorities", type=pathlib.Path, help="PEM: TLS, believing these")
    parser.add_argument("--certificate", type=pathlib.Path, help="PEM: of this client")
    parser.add_argument("--key", type=pathlib.Path, help="PEM: of this client's certificate")
    commands = parser.add_subparsers(required=True, metavar="server | put | documents | ask")
    commands.add_parser("server").set_defaults(run=show_server)
    commands.add_parser("documents").set_defaults(run=show_documents)
    putting = commands.add_parser("put")
    putting.add_argument("file", type=pathlib.Path, help="text, UTF-8")
    putting.set_defaults(run=put)
    asking = commands.add_parser("ask")
    asking.add_argument("-d", "--document", default="", help="id of a document that was put")
    asking.add_argument("--max-tokens", type=int, default=64)
    asking.add_argument("--cancel-after", type=int, help="cancel after so many tokens")
    asking.add_argument("question")
    asking.set_defaults(run=ask)
    return parser.parse_args()


def main():
    options = arguments()
    try:
        with channel(options) as connection:
            options.run(connection, options)
    except grpc.RpcError as error:
        sys.exit(f"{error.code().name}: {error.details()}")
    except OSError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
