package io.ltri.index.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.ltri.index.search.LookUp;
import io.ltri.index.search.LookUpAnswer;
import io.ltri.index.store.DocumentLayout;
import io.ltri.index.store.DocumentPart;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.DocumentSummary;
import io.ltri.index.store.InvalidInputException;
import io.ltri.index.store.NewDocument;
import io.ltri.index.store.NewSpan;
import io.ltri.index.store.Origin;
import io.ltri.placement.Shards;
import io.ltri.proto.index.v1.Candidate;
import io.ltri.proto.index.v1.CreateDocumentRequest;
import io.ltri.proto.index.v1.Document;
import io.ltri.proto.index.v1.DocumentState;
import io.ltri.proto.index.v1.Layout;
import io.ltri.proto.index.v1.SearchMode;
import io.ltri.proto.index.v1.SearchRequest;
import io.ltri.proto.index.v1.SearchResponse;
import io.ltri.proto.index.v1.Span;
import io.ltri.proto.index.v1.StageOneRule;
import io.ltri.proto.index.v1.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Between messages and the values of store and search. */
final class Messages {

  private Messages() {}

  static DocumentLayout layout(Layout layout) {
    return new DocumentLayout(
        layout.getLayers(),
        layout.getQueryHeads(),
        layout.getKvHeads(),
        layout.getHeadDim(),
        switch (layout.getStorageType()) {
          case STORAGE_TYPE_BF16 -> io.ltri.index.store.StorageType.BF16;
          case STORAGE_TYPE_FP32 -> io.ltri.index.store.StorageType.FP32;
          case STORAGE_TYPE_UNSPECIFIED, UNRECOGNIZED ->
              throw new InvalidInputException("layout: storage_type must be BF16 or FP32");
        },
        layout.getScoreScale());
  }

  private static Layout layout(DocumentLayout layout) {
    return Layout.newBuilder()
        .setLayers(layout.layers())
        .setQueryHeads(layout.queryHeads())
        .setKvHeads(layout.kvHeads())
        .setHeadDim(layout.headDim())
        .setStorageType(
            switch (layout.storageType()) {
              case BF16 -> StorageType.STORAGE_TYPE_BF16;
              case FP32 -> StorageType.STORAGE_TYPE_FP32;
            })
        .setScoreScale(layout.scoreScale())
        .build();
  }

  /**
   * @param ancestors the documents that it stands on, the oldest first
   */
  static Document document(DocumentSummary summary, List<String> ancestors) {
    return LifeMessages.document(summary.facts())
        .setId(summary.id())
        .setState(
            switch (summary.state()) {
              case BUILDING -> DocumentState.DOCUMENT_STATE_BUILDING;
              case SEALING -> DocumentState.DOCUMENT_STATE_SEALING;
              case READY -> DocumentState.DOCUMENT_STATE_READY;
              case DAMAGED -> DocumentState.DOCUMENT_STATE_DAMAGED;
            })
        .setLayout(layout(summary.layout()))
        .putAllAttributes(summary.attributes())
        .setCreatedAtMillis(summary.createdAtMillis())
        .setSealedAtMillis(summary.sealedAtMillis())
        .setSpanTokens(summary.spanTokens())
        .setSpans(summary.spans())
        .setVectors(summary.vectors())
        .setSizeBytes(summary.sizeBytes())
        .setSearchMode(
            switch (summary.searchMode()) {
              case SCAN -> SearchMode.SEARCH_MODE_SCAN;
              case GRAPH -> SearchMode.SEARCH_MODE_GRAPH;
              case null -> SearchMode.SEARCH_MODE_UNSPECIFIED;
            })
        .setTenant(summary.origin().tenant())
        .setParentId(summary.origin().parent().name())
        .addAllAncestorIds(ancestors)
        .setCheckpointTokens(summary.checkpointTokens())
        .addAllBoundaryTokens(summary.boundaries())
        .addAllFaults(summary.faults())
        .addAllPartLayers(summary.partLayers())
        .setReplicas(Shards.replicas(summary.id()))
        .build();
  }

  static Document unreadable(DocumentStore.Unreadable document) {
    return Document.newBuilder()
        .setId(document.id())
        .setState(DocumentState.DOCUMENT_STATE_DAMAGED)
        .setSizeBytes(document.sizeBytes())
        .addFaults(document.fault())
        .build();
  }

  static NewDocument newDocument(CreateDocumentRequest request) {
    DocumentPart parent = DocumentPart.of(request.getParentId());
    return new NewDocument(
        layout(request.getLayout()),
        request.getAttributesMap(),
        request.getEphemeral(),
        request.getBuildKey(),
        new Origin(request.getTenant(), parent.id(), parent.tokens()),
        request.getReplicas());
  }

  static io.ltri.index.store.@Nullable SearchMode searchMode(SearchMode mode) {
    return switch (mode) {
      case SEARCH_MODE_UNSPECIFIED -> null;
      case SEARCH_MODE_SCAN -> io.ltri.index.store.SearchMode.SCAN;
      case SEARCH_MODE_GRAPH -> io.ltri.index.store.SearchMode.GRAPH;
      case UNRECOGNIZED -> throw new InvalidInputException("unknown search_mode");
    };
  }

  static NewSpan span(Span span) {
    return new NewSpan(
        span.getStart(),
        span.getEnd(),
        span.getScore(),
        span.getConfidence(),
        span.getVectors().asReadOnlyByteBuffer(),
        span.getKeys().asReadOnlyByteBuffer(),
        span.getValues().asReadOnlyByteBuffer());
  }

  static LookUp lookUp(SearchRequest request) {
    ByteBuffer bytes = request.getQueries().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.remaining() % Float.BYTES != 0) {
      throw new InvalidInputException(
          "queries have %d bytes, which is no whole number of float32"
              .formatted(bytes.remaining()));
    }
    float[] queries = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(queries);
    return new LookUp(
        request.getLayer(),
        queries,
        request.getQueryCount(),
        request.getCandidateTokens(),
        request.getReturnTokens(),
        stageOne(request.getStageOneRule()),
        request.getOneStage());
  }

  private static LookUp.StageOne stageOne(StageOneRule rule) {
    return switch (rule) {
      case STAGE_ONE_RULE_UNSPECIFIED, STAGE_ONE_RULE_SUM -> LookUp.StageOne.SUM;
      case STAGE_ONE_RULE_MAX -> LookUp.StageOne.MAX;
      case UNRECOGNIZED ->
          throw new InvalidInputException("stage_one_rule is none that this version knows");
    };
  }

  static SearchResponse answer(int layer, LookUpAnswer answer) {
    SearchResponse.Builder response =
        SearchResponse.newBuilder()
            .setLayer(layer)
            .setVectorsSearched(answer.vectorsSearched())
            .setTokensRescored(answer.tokensRescored())
            .setLogSum(floats(answer.logSums()));
    for (LookUpAnswer.Candidate candidate : answer.candidates()) {
      Candidate.Builder message =
          response
              .addCandidatesBuilder()
              .setDocument(candidate.document())
              .setSpan(candidate.span())
              .setStart(candidate.start())
              .setEnd(candidate.end());
      for (float mass : candidate.mass()) {
        message.addMass(mass);
      }
    }
    return response.build();
  }

  private static ByteString floats(float[] numbers) {
    ByteBuffer bytes =
        ByteBuffer.allocate(numbers.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(numbers);
    return UnsafeByteOperations.unsafeWrap(bytes);
  }

  /** Copies mapped memory, which must not be touched after its document was closed. */
  static ByteString copy(MemorySegment bytes) {
    return UnsafeByteOperations.unsafeWrap(bytes.toArray(ValueLayout.JAVA_BYTE));
  }
}
