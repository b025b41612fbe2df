package io.ltri.inference.http;

import io.ltri.inference.engine.Generator;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.engine.RequestException;
import io.ltri.inference.model.template.Message;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Runs the choices of a request, one after the other, and writes them as a whole or as events. A
 * client that closes its connection ends the work before the next chunk or token.
 */
@Component
final class Completions {

  /**
   * What is to be completed.
   *
   * @param rawPrompt tokens; null: the messages count
   */
  record Prompt(List<Message> messages, int @Nullable [] rawPrompt) {}

  private final Generator generator;
  private final LanguageModel model;
  private final HttpConfiguration.WatchedConnections connections;
  private final HttpLimits limits;
  private final ApiErrors errors;
  private final JsonMapper mapper;

  Completions(
      Generator generator,
      LanguageModel model,
      HttpConfiguration.WatchedConnections connections,
      HttpLimits limits,
      ApiErrors errors,
      JsonMapper mapper) {
    this.generator = generator;
    this.model = model;
    this.connections = connections;
    this.limits = limits;
    this.errors = errors;
    this.mapper = mapper;
  }

  void run(
      Shape shape,
      Asked asked,
      List<Prompt> prompts,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    requireModel(asked.model());
    Run run = new Run(shape, asked, request, new EventStream(response));
    if (asked.stream()) {
      try {
        run.choices(prompts);
        run.end();
      } catch (RuntimeException e) {
        if (!run.events.begun() || isGone(e)) {
          throw e;
        }
        ApiException error = errors.of(e);
        run.events.data(errors.body(error).toString());
      }
      return;
    }
    run.choices(prompts);
    response.setContentType("application/json");
    response.getOutputStream().write(mapper.writeValueAsBytes(run.whole()));
  }

  private void requireModel(String named) {
    if (!named.isEmpty() && !named.equals(model.name())) {
      throw new ApiException(
          404,
          "model_not_found",
          "model",
          "The model '" + named + "' does not run here: the model is '" + model.name() + "'.");
    }
  }

  /** One request on its way. */
  private final class Run {
    private final Shape shape;
    private final Asked asked;
    private final HttpServletRequest request;
    private final EventStream events;
    private final String id;
    private final long created = Instant.now().getEpochSecond();
    private final ArrayNode finished = mapper.createArrayNode();
    private final List<Generator.Figures> prompts = new ArrayList<>();
    private final List<Generator.Figures> all = new ArrayList<>();

    Run(Shape shape, Asked asked, HttpServletRequest request, EventStream events) {
      this.shape = shape;
      this.asked = asked;
      this.request = request;
      this.events = events;
      this.id = shape.idPrefix + UUID.randomUUID().toString().replace("-", "");
    }

    void choices(List<Prompt> wanted) {
      Connections watched = connections.get();
      BooleanSupplier gone =
          () -> {
            if (watched.gone(request)) {
              return true;
            }
            if (asked.stream()) {
              events.keepAlive();
            }
            return false;
          };
      for (Prompt prompt : wanted) {
        for (int i = 0; i < asked.choices(); i++) {
          Choice choice = new Choice(all.size());
          Generator.Figures figures =
              generator.generate(
                  asked.request(
                      prompt.messages(),
                      prompt.rawPrompt(),
                      i,
                      Tenants.of(request),
                      limits.maxPromptTokens()),
                  choice,
                  gone);
          all.add(figures);
          if (i == 0) {
            prompts.add(figures);
          }
          choice.end(figures);
        }
      }
    }

    ObjectNode whole() {
      ObjectNode body = head(shape.whole);
      body.set("choices", finished);
      body.set("usage", FiguresJson.usage(mapper, prompts, all));
      body.putObject("ltri").set("figures", FiguresJson.figures(mapper, all.getFirst()));
      return body;
    }

    private ObjectNode head(String object) {
      return mapper
          .createObjectNode()
          .put("id", id)
          .put("object", object)
          .put("created", created)
          .put("model", model.name())
          .put("system_fingerprint", "ltri-" + model.weightsDigest().substring(0, 12));
    }

    void end() {
      if (asked.includeUsage()) {
        ObjectNode chunk = head(shape.chunk);
        chunk.putArray("choices");
        chunk.set("usage", FiguresJson.usage(mapper, prompts, all));
        events.data(chunk.toString());
      }
      events.data("[DONE]");
    }

    /** One answer, told token by token. */
    private final class Choice implements Generator.Listener {
      private final int index;
      private final StringBuilder text = new StringBuilder();
      private final List<Piece> pieces = new ArrayList<>();

      /** Tokens since the last chunk, whose text was held back. */
      private final List<Integer> pending = new ArrayList<>();

      private List<Piece> alternatives = List.of();
      private int pendingPieces;
      private int sent;
      private boolean first = true;

      Choice(int index) {
        this.index = index;
      }

      @Override
      public void alternatives(int[] tokens, float[] logProbabilities) {
        List<Piece> others = new ArrayList<>();
        for (int i = 0; i < tokens.length; i++) {
          others.add(piece(tokens[i], logProbabilities[i], List.of()));
        }
        alternatives = others;
      }

      @Override
      public void token(String shown, int token, float logProbability) {
        if (asked.logProbabilities()) {
          pieces.add(piece(token, logProbability, alternatives));
        }
        pending.add(token);
        rest(shown);
      }

      @Override
      public void rest(String shown) {
        text.append(shown);
        if (asked.stream() && (first || !shown.isEmpty())) {
          chunk(shown, null, null);
        }
      }

      private Piece piece(int token, float logProbability, List<Piece> top) {
        return new Piece(
            model.tokenizer().decode(new int[] {token}),
            model.tokenizer().bytes(token),
            logProbability,
            top);
      }

      private void chunk(
          String shown, @Nullable String finish, Generator.@Nullable Figures figures) {
        ObjectNode chunk = head(shape.chunk);
        List<Piece> fresh = pieces.subList(pendingPieces, pieces.size());
        chunk
            .putArray("choices")
            .add(
                shape.choice(
                    mapper,
                    index,
                    shown,
                    true,
                    first,
                    asked.logProbabilities() && !fresh.isEmpty() ? fresh : null,
                    sent,
                    finish));
        if (asked.includeUsage()) {
          chunk.putNull("usage");
        }
        ObjectNode own = mapper.createObjectNode();
        if (asked.sources() > 0 && !pending.isEmpty()) {
          ArrayNode ids = own.putArray("token_ids");
          pending.forEach(ids::add);
        }
        if (figures != null) {
          own.set("figures", FiguresJson.figures(mapper, figures));
        }
        if (!own.isEmpty()) {
          chunk.set("ltri", own);
        }
        events.data(chunk.toString());
        first = false;
        pending.clear();
        pendingPieces = pieces.size();
        sent = text.length();
      }

      void end(Generator.Figures figures) {
        String finish = FiguresJson.finish(figures.finishReason());
        if (asked.stream()) {
          chunk("", finish, figures);
          return;
        }
        finished.add(
            shape.choice(
                mapper,
                index,
                text.toString(),
                false,
                true,
                asked.logProbabilities() ? pieces : null,
                0,
                finish));
      }
    }
  }

  /** Whether this failure is that of a client that has gone. */
  static boolean isGone(RuntimeException failure) {
    return failure instanceof RequestException e && e.reason() == RequestException.Reason.CANCELLED;
  }
}
