package io.ltri.index.grpc;

import io.ltri.edge.access.Gate.Rule;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import java.util.Map;

/**
 * What every method asks of its caller. The callers are inference services, which keep their
 * tenants apart; a token of the index opens the documents of all. A method that is not here is
 * refused; a test compares the table with what the service has.
 */
public final class Methods {

  /** By the full name of the method. */
  public static final Map<String, Rule> RULES =
      Map.ofEntries(
          Map.entry(SpanIndexGrpc.getCreateDocumentMethod().getFullMethodName(), Rule.WRITER),
          Map.entry(SpanIndexGrpc.getCheckpointDocumentMethod().getFullMethodName(), Rule.WRITER),
          Map.entry(SpanIndexGrpc.getAppendSpansMethod().getFullMethodName(), Rule.WRITER),
          Map.entry(SpanIndexGrpc.getSealDocumentMethod().getFullMethodName(), Rule.WRITER),
          Map.entry(SpanIndexGrpc.getSearchMethod().getFullMethodName(), Rule.READER),
          Map.entry(SpanIndexGrpc.getFetchBlocksMethod().getFullMethodName(), Rule.READER),
          Map.entry(SpanIndexGrpc.getReadTailMethod().getFullMethodName(), Rule.READER),
          Map.entry(SpanIndexGrpc.getGetDocumentMethod().getFullMethodName(), Rule.READER),
          Map.entry(SpanIndexGrpc.getUpdateDocumentMethod().getFullMethodName(), Rule.WRITER),
          Map.entry(SpanIndexGrpc.getVerifyDocumentMethod().getFullMethodName(), Rule.WRITER),
          Map.entry(SpanIndexGrpc.getPrewarmDocumentMethod().getFullMethodName(), Rule.READER),
          Map.entry(SpanIndexGrpc.getExportDocumentMethod().getFullMethodName(), Rule.READER),
          Map.entry(SpanIndexGrpc.getImportDocumentMethod().getFullMethodName(), Rule.WRITER),
          Map.entry(SpanIndexGrpc.getCollectGarbageMethod().getFullMethodName(), Rule.ADMIN),
          Map.entry(SpanIndexGrpc.getListDeletedMethod().getFullMethodName(), Rule.READER),
          Map.entry(SpanIndexGrpc.getListDocumentsMethod().getFullMethodName(), Rule.READER),
          Map.entry(SpanIndexGrpc.getDeleteDocumentMethod().getFullMethodName(), Rule.WRITER),
          Map.entry(SpanIndexGrpc.getGetNodeMethod().getFullMethodName(), Rule.READER),
          Map.entry(SpanIndexGrpc.getLoadDocumentMethod().getFullMethodName(), Rule.ADMIN),
          Map.entry(SpanIndexGrpc.getDropDocumentMethod().getFullMethodName(), Rule.ADMIN),
          Map.entry("grpc.health.v1.Health/Check", Rule.ANYBODY),
          Map.entry("grpc.health.v1.Health/Watch", Rule.ANYBODY),
          Map.entry("grpc.health.v1.Health/List", Rule.ANYBODY),
          Map.entry("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Rule.READER),
          Map.entry("grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Rule.READER));

  private Methods() {}
}
