package io.ltri.inference.access;

import io.ltri.edge.access.Gate.Rule;
import io.ltri.proto.inference.v1.DocumentsGrpc;
import io.ltri.proto.inference.v1.GenerationGrpc;
import io.ltri.proto.inference.v1.ServerGrpc;
import java.util.Map;
import java.util.TreeMap;

/**
 * What every method of every face asks of its caller: the one table. A method that is not here is
 * refused; a test compares it with what the services have.
 */
public final class Methods {

  /** By the full name of the method. */
  public static final Map<String, Rule> GRPC =
      Map.ofEntries(
          Map.entry(DocumentsGrpc.getCreateDocumentMethod().getFullMethodName(), Rule.WRITER),
          Map.entry(DocumentsGrpc.getGetDocumentMethod().getFullMethodName(), Rule.READER),
          Map.entry(DocumentsGrpc.getListDocumentsMethod().getFullMethodName(), Rule.READER),
          Map.entry(DocumentsGrpc.getDeleteDocumentMethod().getFullMethodName(), Rule.WRITER),
          Map.entry(DocumentsGrpc.getUpdateDocumentMethod().getFullMethodName(), Rule.WRITER),
          // Marks what it finds damaged.
          Map.entry(DocumentsGrpc.getVerifyDocumentMethod().getFullMethodName(), Rule.WRITER),
          Map.entry(DocumentsGrpc.getPrewarmDocumentMethod().getFullMethodName(), Rule.READER),
          Map.entry(DocumentsGrpc.getExportDocumentMethod().getFullMethodName(), Rule.READER),
          Map.entry(DocumentsGrpc.getImportDocumentMethod().getFullMethodName(), Rule.WRITER),
          Map.entry(DocumentsGrpc.getCollectGarbageMethod().getFullMethodName(), Rule.ADMIN),
          Map.entry(DocumentsGrpc.getListDeletedMethod().getFullMethodName(), Rule.READER),
          // To keep a conversation, which is a document, needs more: the engine asks.
          Map.entry(GenerationGrpc.getGenerateMethod().getFullMethodName(), Rule.READER),
          Map.entry(ServerGrpc.getGetServerMethod().getFullMethodName(), Rule.READER),
          Map.entry("grpc.health.v1.Health/Check", Rule.ANYBODY),
          Map.entry("grpc.health.v1.Health/Watch", Rule.ANYBODY),
          Map.entry("grpc.health.v1.Health/List", Rule.ANYBODY),
          Map.entry("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Rule.READER),
          Map.entry("grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Rule.READER));

  /** What stands for every HTTP address that is not in {@link #HTTP}. */
  public static final String UNKNOWN_ADDRESS = "any other address";

  /** By method and path pattern. */
  public static final Map<String, Rule> HTTP =
      Map.ofEntries(
          Map.entry("POST /v1/chat/completions", Rule.READER),
          Map.entry("POST /v1/completions", Rule.READER),
          Map.entry("GET /v1/models", Rule.READER),
          Map.entry("GET /v1/models/{*name}", Rule.READER),
          Map.entry("POST /v1/map", Rule.READER),
          Map.entry("POST /tokenize", Rule.READER),
          Map.entry("POST /v1/tokenize", Rule.READER),
          Map.entry("POST /detokenize", Rule.READER),
          Map.entry("POST /v1/detokenize", Rule.READER),
          Map.entry("POST /v1/files", Rule.WRITER),
          Map.entry("GET /v1/files", Rule.READER),
          Map.entry("GET /v1/files/{id}", Rule.READER),
          Map.entry("GET /v1/files/{id}/content", Rule.READER),
          Map.entry("DELETE /v1/files/{id}", Rule.WRITER),
          Map.entry("POST /v1/documents", Rule.WRITER),
          Map.entry("GET /v1/documents", Rule.READER),
          Map.entry("GET /v1/documents/{id}", Rule.READER),
          Map.entry("GET /v1/documents/{id}/events", Rule.READER),
          Map.entry("GET /v1/documents/{id}/text", Rule.READER),
          Map.entry("PATCH /v1/documents/{id}", Rule.WRITER),
          Map.entry("DELETE /v1/documents/{id}", Rule.WRITER),
          Map.entry("POST /v1/documents/{id}/prewarm", Rule.READER),
          Map.entry("POST /v1/documents/{id}/verify", Rule.WRITER),
          Map.entry("GET /v1/documents/{id}/export", Rule.READER),
          Map.entry("POST /v1/documents/import", Rule.WRITER),
          Map.entry("GET /metrics", Rule.ADMIN),
          Map.entry("GET /livez", Rule.ANYBODY),
          Map.entry("GET /readyz", Rule.ANYBODY),
          Map.entry("GET /openapi.json", Rule.ANYBODY),
          // The page itself: it holds nothing, and asks for a token.
          Map.entry("GET /", Rule.ANYBODY),
          Map.entry("GET /index.html", Rule.ANYBODY),
          Map.entry("GET /page.css", Rule.ANYBODY),
          Map.entry("GET /icon.svg", Rule.ANYBODY),
          Map.entry("GET /js/{*file}", Rule.ANYBODY),
          // A test holds that nothing is served there; should it be, it is not for everybody.
          Map.entry(UNKNOWN_ADDRESS, Rule.ADMIN));

  private Methods() {}

  /** All of them, sorted by name. */
  public static Map<String, Rule> all() {
    Map<String, Rule> all = new TreeMap<>(GRPC);
    all.putAll(HTTP);
    return all;
  }
}
