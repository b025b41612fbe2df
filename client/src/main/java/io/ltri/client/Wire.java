package io.ltri.client;

import io.ltri.client.AnswerFigures.FinishReason;
import io.ltri.proto.inference.v1.CollectGarbageResponse;
import io.ltri.proto.inference.v1.CreateDocumentHeader;
import io.ltri.proto.inference.v1.GenerateRequest;
import io.ltri.proto.inference.v1.GenerateResponse;
import io.ltri.proto.inference.v1.GenerationFigures;
import io.ltri.proto.inference.v1.OnIndexFailure;
import io.ltri.proto.inference.v1.UpdateDocumentRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The only place that knows both the messages of the wire and the values of this package. */
final class Wire {
  private Wire() {}

  static CreateDocumentHeader header(NewDocument document) {
    return CreateDocumentHeader.newBuilder()
        .setTitle(document.title())
        .setSystem(document.system())
        .setPolicy(document.policy())
        .setSizeBytes(document.sizeBytes())
        .setFresh(document.fresh())
        .setContinues(document.from().continues())
        .setRebuild(document.from().rebuilds())
        .setForgetText(document.keeping().forgetText())
        .setTenant(document.keeping().tenant())
        .setExpireAfterMillis(document.keeping().expireAfter().toMillis())
        .setExtendWithUse(document.keeping().extendWithUse())
        .setReplicas(document.keeping().replicas())
        .build();
  }

  static ReadingProgress progress(io.ltri.proto.inference.v1.ReadingProgress wire) {
    return new ReadingProgress(
        wire.getTokens(),
        wire.getTextBytes(),
        wire.getTotalTextBytes(),
        Duration.ofMillis(wire.getElapsedMillis()));
  }

  static CreatedDocument created(io.ltri.proto.inference.v1.CreatedDocument wire) {
    return new CreatedDocument(
        document(wire.getDocument()),
        wire.getRead(),
        Duration.ofMillis(wire.getElapsedMillis()),
        wire.getReusedTokens());
  }

  static Document document(io.ltri.proto.inference.v1.Document wire) {
    return new Document(
        wire.getId(),
        wire.getKind(),
        wire.getTitle(),
        wire.getTokens(),
        wire.getTextBytes(),
        wire.getSizeBytes(),
        wire.getSpans(),
        Instant.ofEpochMilli(wire.getCreatedAtMillis()),
        wire.getDigest(),
        Map.copyOf(wire.getIdentityMap()),
        wire.getReadWith(),
        wire.getSearchMode(),
        wire.getParentId(),
        wire.getTenant(),
        wire.getTextKept(),
        wire.getReplicas(),
        new Document.Life(
            List.copyOf(wire.getTagsList()),
            instant(wire.getLastUsedAtMillis()),
            instant(wire.getExpiresAtMillis()),
            wire.getExtendWithUse(),
            wire.getPinned(),
            List.copyOf(wire.getFaultsList())));
  }

  private static Optional<Instant> instant(long millis) {
    return millis == 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(millis));
  }

  static UpdateDocumentRequest update(String id, DocumentUpdate update) {
    UpdateDocumentRequest.Builder wire =
        UpdateDocumentRequest.newBuilder()
            .setId(id)
            .addAllAddTags(update.addTags())
            .addAllRemoveTags(update.removeTags())
            .setPromote(update.promote());
    update.title().ifPresent(wire::setTitle);
    update.pinned().ifPresent(wire::setPinned);
    update.expireAfter().ifPresent(after -> wire.setExpireAfterMillis(after.toMillis()));
    update.extendWithUse().ifPresent(wire::setExtendWithUse);
    return wire.build();
  }

  static DeletedDocument deleted(io.ltri.proto.inference.v1.DeletedDocument wire) {
    return new DeletedDocument(
        wire.getId(),
        wire.getTenant(),
        Instant.ofEpochMilli(wire.getDeletedAtMillis()),
        wire.getFreedBytes(),
        wire.getReason());
  }

  static Garbage garbage(CollectGarbageResponse wire) {
    return new Garbage(
        wire.getExpiredDocuments(),
        wire.getAbandonedReadings(),
        wire.getOrphanFiles(),
        wire.getFreedBytes());
  }

  static GenerateRequest request(Question question) {
    GenerateRequest.Builder wire =
        GenerateRequest.newBuilder()
            .setDocumentId(question.documentId())
            .setMaxTokens(question.maxTokens())
            .addAllStop(question.stop())
            .setPolicy(question.policy())
            .setBudgetTokens(question.budgetTokens())
            .setLogProbabilities(question.logProbabilities())
            .setTopLogProbabilities(question.topLogProbabilities())
            .setNoReuse(!question.reuse())
            .setKeepMillis(question.keep().toMillis())
            .setTenant(question.tenant())
            .setOnIndexFailure(onIndexFailure(question.onIndexFailure()))
            .setSources(question.sources());
    for (Message message : question.messages()) {
      wire.addMessagesBuilder().setRole(message.role()).setContent(message.content());
    }
    Sampling sampling = question.sampling();
    wire.getSamplingBuilder()
        .setTemperature(sampling.temperature())
        .setTopP(sampling.topP())
        .setTopK(sampling.topK())
        .setMinP(sampling.minP())
        .setPresencePenalty(sampling.presencePenalty())
        .setFrequencyPenalty(sampling.frequencyPenalty())
        .setSeed(sampling.seed());
    question.deadline().ifPresent(deadline -> wire.setDeadlineMillis(deadline.toMillis()));
    return wire.build();
  }

  private static OnIndexFailure onIndexFailure(String name) {
    return switch (name) {
      case "" -> OnIndexFailure.ON_INDEX_FAILURE_UNSPECIFIED;
      case "degrade" -> OnIndexFailure.ON_INDEX_FAILURE_DEGRADE;
      case "recompute" -> OnIndexFailure.ON_INDEX_FAILURE_RECOMPUTE;
      case "fail" -> OnIndexFailure.ON_INDEX_FAILURE_FAIL;
      default ->
          throw new IllegalArgumentException(
              "on-index-failure is '" + name + "' but must be one of: degrade, recompute, fail");
    };
  }

  static AnswerEvent event(GenerateResponse wire) {
    return switch (wire.getEventCase()) {
      case FIGURES -> figures(wire.getFigures());
      case TEXT ->
          new AnswerText(
              wire.getText().getText(),
              List.copyOf(wire.getText().getTokenIdsList()),
              List.copyOf(wire.getText().getLogProbabilitiesList()),
              sources(wire.getText().getSourcesList()),
              wire.getText().getMostProbableList().stream()
                  .map(
                      token ->
                          new TokenProbability(
                              token.getTokenId(), token.getText(), token.getLogProbability()))
                  .toList());
      // An event of a later version: it says nothing that this client can show.
      case EVENT_NOT_SET -> new AnswerText("", List.of(), List.of(), List.of(), List.of());
    };
  }

  private static AnswerFigures figures(GenerationFigures wire) {
    return new AnswerFigures(
        switch (wire.getFinishReason()) {
          case FINISH_REASON_STOP -> FinishReason.STOP;
          case FINISH_REASON_LENGTH -> FinishReason.LENGTH;
          case FINISH_REASON_DEADLINE -> FinishReason.DEADLINE;
          case FINISH_REASON_UNSPECIFIED, UNRECOGNIZED -> FinishReason.OTHER;
        },
        wire.getPromptTokens(),
        wire.getReusedTokens(),
        wire.getGeneratedTokens(),
        wire.getLookups(),
        wire.getLookupsMissed(),
        wire.getFirstMiss(),
        wire.getSpansFetched(),
        wire.getBytesFetched(),
        wire.getSpansFromCache(),
        Duration.ofMillis(wire.getFirstTokenMillis()),
        Duration.ofMillis(wire.getElapsedMillis()),
        wire.getSeed(),
        wire.getDocumentId(),
        wire.getRetrievedTokens(),
        wire.getRecomputedTokens(),
        wire.getSpansLost(),
        wire.getBlocksDamaged(),
        wire.getReuseMissed(),
        wire.getKeptId(),
        wire.getKeepProblem(),
        sources(wire.getSourcesList()),
        wire.getDocumentAttention());
  }

  private static List<Source> sources(List<io.ltri.proto.inference.v1.Source> wire) {
    return wire.stream()
        .map(
            source ->
                new Source(
                    source.getDocumentId(),
                    source.getStart(),
                    source.getEnd(),
                    source.getWeight(),
                    source.getAttention(),
                    source.getPage(),
                    source.getText()))
        .toList();
  }

  static ServerInfo server(io.ltri.proto.inference.v1.ServerInfo wire) {
    return new ServerInfo(
        wire.getVersion(),
        wire.getProcessId(),
        wire.getDataFolder(),
        wire.getModel(),
        wire.getModelDigest(),
        wire.getTrainedLength(),
        wire.getDevice(),
        wire.getPrecision(),
        wire.getPolicy(),
        Map.copyOf(wire.getReadingSettingsMap()),
        wire.getIndexAddress(),
        wire.getIndexState(),
        wire.getDocuments(),
        wire.getStepWeightBytes());
  }
}
