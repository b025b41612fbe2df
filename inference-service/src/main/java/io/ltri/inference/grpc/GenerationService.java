package io.ltri.inference.grpc;

import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import io.ltri.inference.access.Caller;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.engine.Generator;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.engine.OnIndexFailure;
import io.ltri.inference.engine.Sampling;
import io.ltri.inference.engine.Source;
import io.ltri.inference.model.template.Message;
import io.ltri.proto.inference.v1.FinishReason;
import io.ltri.proto.inference.v1.GenerateRequest;
import io.ltri.proto.inference.v1.GenerateResponse;
import io.ltri.proto.inference.v1.GeneratedText;
import io.ltri.proto.inference.v1.GenerationFigures;
import io.ltri.proto.inference.v1.GenerationGrpc;
import io.ltri.proto.inference.v1.TokenProbability;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import org.springframework.grpc.server.service.GrpcService;

/** Answers over gRPC. */
@GrpcService
class GenerationService extends GenerationGrpc.GenerationImplBase {
  private final Generator generator;
  private final LanguageModel model;
  private final ServerFacts facts;

  GenerationService(Generator generator, LanguageModel model, ServerFacts facts) {
    this.generator = generator;
    this.model = model;
    this.facts = facts;
  }

  @Override
  public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
    Context call = Context.current();
    Paced<GenerateResponse> paced = new Paced<>(responses, facts.patience());
    try {
      Generator.Figures figures =
          generator.generate(
              request(request),
              new Generator.Listener() {
                private List<Source> looked = List.of();
                private List<TokenProbability> mostProbable = List.of();

                @Override
                public void alternatives(int[] tokens, float[] logProbabilities) {
                  mostProbable =
                      IntStream.range(0, tokens.length)
                          .mapToObj(i -> probability(tokens[i], logProbabilities[i]))
                          .toList();
                }

                @Override
                public void attended(List<Source> sources) {
                  looked = sources;
                }

                @Override
                public void token(String text, int token, float logProbability) {
                  GeneratedText.Builder piece =
                      GeneratedText.newBuilder()
                          .setText(text)
                          .addTokenIds(token)
                          .addAllMostProbable(mostProbable);
                  looked.forEach(source -> piece.addSources(message(source)));
                  if (request.getLogProbabilities()) {
                    piece.addLogProbabilities(logProbability);
                  }
                  paced.send(GenerateResponse.newBuilder().setText(piece).build());
                }

                @Override
                public void rest(String text) {
                  paced.send(
                      GenerateResponse.newBuilder()
                          .setText(GeneratedText.newBuilder().setText(text))
                          .build());
                }
              },
              call::isCancelled);
      paced.send(GenerateResponse.newBuilder().setFigures(message(figures)).build());
      responses.onCompleted();
    } catch (RuntimeException e) {
      responses.onError(Statuses.of(e));
    }
  }

  private TokenProbability probability(int token, float logProbability) {
    return TokenProbability.newBuilder()
        .setTokenId(token)
        .setText(model.tokenizer().decode(new int[] {token}))
        .setLogProbability(logProbability)
        .build();
  }

  private static Generator.Request request(GenerateRequest request) {
    long seed = request.getSampling().getSeed();
    while (seed == 0) {
      seed = ThreadLocalRandom.current().nextLong();
    }
    return new Generator.Request(
        request.getDocumentId().isEmpty() ? null : request.getDocumentId(),
        request.getMessagesList().stream()
            .map(message -> new Message(message.getRole(), message.getContent()))
            .toList(),
        null,
        new Sampling(
            request.getSampling().getTemperature(),
            request.getSampling().getTopP(),
            request.getSampling().getTopK(),
            request.getSampling().getMinP(),
            request.getSampling().getPresencePenalty(),
            request.getSampling().getFrequencyPenalty(),
            seed),
        request.getMaxTokens(),
        request.getStopList(),
        request.getDeadlineMillis() == 0 ? null : Duration.ofMillis(request.getDeadlineMillis()),
        request.getPolicy().isEmpty() ? null : PolicyName.of(request.getPolicy()),
        request.getBudgetTokens(),
        request.getLogProbabilities(),
        mostProbable(request),
        0,
        !request.getNoReuse(),
        Caller.current().tenantFor(request.getTenant()),
        Duration.ofMillis(request.getKeepMillis()),
        switch (request.getOnIndexFailure()) {
          case ON_INDEX_FAILURE_DEGRADE -> OnIndexFailure.DEGRADE;
          case ON_INDEX_FAILURE_RECOMPUTE -> OnIndexFailure.RECOMPUTE;
          case ON_INDEX_FAILURE_FAIL -> OnIndexFailure.FAIL;
          case ON_INDEX_FAILURE_UNSPECIFIED -> null;
          case UNRECOGNIZED ->
              throw new IllegalArgumentException(
                  "on_index_failure is "
                      + request.getOnIndexFailureValue()
                      + ", which this version does not know: use degrade, recompute or fail");
        },
        request.getSources(),
        request.getBegunTokenIdsList().stream().mapToInt(Integer::intValue).toArray());
  }

  private static int mostProbable(GenerateRequest request) {
    int wanted = request.getTopLogProbabilities();
    if (wanted < 0 || wanted > Generator.MOST_ALTERNATIVES) {
      throw new IllegalArgumentException(
          "top_log_probabilities is %d: it must be from 0 to %d"
              .formatted(wanted, Generator.MOST_ALTERNATIVES));
    }
    if (wanted > 0 && !request.getLogProbabilities()) {
      throw new IllegalArgumentException("top_log_probabilities needs log_probabilities");
    }
    return wanted;
  }

  private static io.ltri.proto.inference.v1.Source message(Source source) {
    return io.ltri.proto.inference.v1.Source.newBuilder()
        .setDocumentId(source.documentId())
        .setStart(source.start())
        .setEnd(source.end())
        .setWeight(source.weight())
        .setAttention(source.attention())
        .setPage(source.page())
        .setText(source.text())
        .build();
  }

  private static GenerationFigures message(Generator.Figures figures) {
    GenerationFigures.Builder message =
        GenerationFigures.newBuilder()
            .setFinishReason(
                switch (figures.finishReason()) {
                  case STOP -> FinishReason.FINISH_REASON_STOP;
                  case LENGTH -> FinishReason.FINISH_REASON_LENGTH;
                  case DEADLINE -> FinishReason.FINISH_REASON_DEADLINE;
                })
            .setPromptTokens(figures.promptTokens())
            .setReusedTokens(figures.reusedTokens())
            .setGeneratedTokens(figures.generatedTokens())
            .setLookups(figures.retrieval().lookups())
            .setLookupsMissed(figures.retrieval().lookupsMissed())
            .setLookupsHedged(figures.retrieval().lookupsHedged())
            .setSpansFetched(figures.retrieval().spansFetched())
            .setBytesFetched(figures.retrieval().bytesFetched())
            .setSpansFromCache(figures.retrieval().spansFromCache())
            .setRetrievedTokens(figures.retrieval().retrievedTokens())
            .setSpansLost(figures.retrieval().spansLost())
            .setBlocksDamaged(figures.retrieval().blocksDamaged())
            .setRecomputedTokens(figures.recomputedTokens())
            .setFirstTokenMillis(figures.firstTokenMillis())
            .setElapsedMillis(figures.elapsedMillis())
            .setSeed(figures.seed())
            .setDocumentAttention(figures.documentAttention());
    figures.sources().forEach(source -> message.addSources(message(source)));
    if (figures.retrieval().firstMiss() != null) {
      message.setFirstMiss(figures.retrieval().firstMiss());
    }
    if (figures.kept() != null) {
      message.setKeptId(figures.kept().id()).setKeepProblem(figures.kept().problem());
    }
    if (figures.reuseMissed() != null) {
      message.setReuseMissed(figures.reuseMissed());
    }
    if (figures.documentId() != null) {
      message.setDocumentId(figures.documentId());
    }
    return message.build();
  }
}
