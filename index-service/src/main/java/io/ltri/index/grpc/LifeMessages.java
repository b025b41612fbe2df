package io.ltri.index.grpc;

import io.ltri.index.store.DeletedDocument;
import io.ltri.index.store.DocumentFacts;
import io.ltri.index.store.FactsChange;
import io.ltri.index.store.Garbage;
import io.ltri.index.store.InvalidInputException;
import io.ltri.index.store.NodeFigures;
import io.ltri.index.store.SealFacts;
import io.ltri.proto.index.v1.CollectGarbageResponse;
import io.ltri.proto.index.v1.Document;
import io.ltri.proto.index.v1.ListDeletedResponse;
import io.ltri.proto.index.v1.Node;
import io.ltri.proto.index.v1.SealHeader;
import io.ltri.proto.index.v1.UpdateDocumentRequest;
import java.util.List;
import java.util.Locale;

/** Between messages and the values of the store's life cycle. */
final class LifeMessages {

  private LifeMessages() {}

  /** A document of which the rest is to be set. */
  static Document.Builder document(DocumentFacts facts) {
    return Document.newBuilder()
        .setTenant(facts.tenant())
        .setLastUsedAtMillis(facts.lastUsedAtMillis())
        .setExpiresAtMillis(facts.expiresAtMillis())
        .setExtendByMillis(facts.extendByMillis())
        .setPinned(facts.pinned())
        .putAllLabels(facts.labels())
        .setBuildMillis(facts.buildMillis());
  }

  static SealFacts facts(SealHeader header) {
    if (header.getExtendByMillis() > 0 && header.getExpireAfterMillis() == 0) {
      throw new InvalidInputException(
          "extend_by_millis puts off the end of a document: give expire_after_millis too");
    }
    return new SealFacts(
        header.getBuildMillis(), header.getExpireAfterMillis(), header.getExtendByMillis());
  }

  static FactsChange change(UpdateDocumentRequest request) {
    return new FactsChange(
        request.hasExpiresAtMillis() ? request.getExpiresAtMillis() : null,
        request.hasExtendByMillis() ? request.getExtendByMillis() : null,
        request.hasPinned() ? request.getPinned() : null,
        request.getSetLabelsMap(),
        request.getRemoveLabelsList());
  }

  static ListDeletedResponse deleted(List<DeletedDocument> documents) {
    ListDeletedResponse.Builder response = ListDeletedResponse.newBuilder();
    for (DeletedDocument document : documents) {
      response
          .addDocumentsBuilder()
          .setId(document.id())
          .setTenant(document.tenant())
          .setDeletedAtMillis(document.deletedAtMillis())
          .setFreedBytes(document.freedBytes())
          .setReason(document.reason().name().toLowerCase(Locale.ROOT));
    }
    return response.build();
  }

  static CollectGarbageResponse garbage(Garbage garbage) {
    return CollectGarbageResponse.newBuilder()
        .setExpiredDocuments(garbage.expiredDocuments())
        .setAbandonedBuilds(garbage.abandonedBuilds())
        .setOrphanFiles(garbage.orphanFiles())
        .setFreedBytes(garbage.freedBytes())
        .build();
  }

  /** A node of which the rest is to be set. */
  static Node.Builder node(NodeFigures figures) {
    return Node.newBuilder()
        .setDocuments(figures.documents())
        .setSizeBytes(figures.sizeBytes())
        .setQuotaBytes(figures.quotaBytes())
        .setFreeBytes(figures.freeBytes())
        .setDamagedDocuments(figures.damaged())
        .setBuilds(figures.builds());
  }
}
