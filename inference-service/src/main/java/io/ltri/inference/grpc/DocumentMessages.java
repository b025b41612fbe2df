package io.ltri.inference.grpc;

import io.ltri.inference.engine.DocumentAttributes;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.proto.inference.v1.Document;

/** Documents as messages. */
final class DocumentMessages {

  private DocumentMessages() {}

  static Document message(IndexedDocument document) {
    DocumentAttributes attributes = DocumentAttributes.of(document);
    String parent = document.parentId();
    return Document.newBuilder()
        .setId(document.id())
        .setTitle(attributes.title())
        .setTokens(attributes.tokens())
        .setTextBytes(attributes.textBytes())
        .setSizeBytes(document.sizeBytes())
        .setSpans(document.spans())
        .setCreatedAtMillis(document.createdAtMillis())
        .setDigest(attributes.digest())
        .putAllIdentity(attributes.identity())
        .setReadWith(attributes.readWith())
        .setSearchMode(document.searchMode())
        .setKind(attributes.kind())
        .setParentId(parent == null ? "" : parent)
        .setTenant(document.tenant())
        .addAllTags(DocumentAttributes.tags(document))
        .setLastUsedAtMillis(document.life().lastUsedAtMillis())
        .setExpiresAtMillis(document.life().expiresAtMillis())
        .setExtendWithUse(document.life().extendByMillis() > 0)
        .setPinned(document.life().pinned())
        .addAllFaults(document.life().faults())
        .setTextKept(attributes.textKept())
        .setReplicas(document.replicas())
        .build();
  }
}
