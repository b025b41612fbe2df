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

  private Methods() {}

  /** All of them, sorted by name. */
  public static Map<String, Rule> all() {
    return new TreeMap<>(GRPC);
  }
}
