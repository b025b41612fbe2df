package io.ltri.inference.engine;

import io.grpc.Context;
import io.ltri.inference.access.Caller;
import io.ltri.inference.model.template.Message;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The first answer of a process is slow: its code is not compiled, and the tensor library looks at
 * each program twice before it runs it well. So a service that has just started answers a short
 * question to nobody, about the newest document if that fits; it stops at the first token after
 * somebody else asks something. The figures of the service count it.
 */
public final class WarmStart {
  private static final Logger log = LoggerFactory.getLogger(WarmStart.class);
  private static final int TOKENS = 12;
  private static final String QUESTION = "What is this about? Answer in a few words.";

  private final Generator generator;
  private final Documents documents;

  public WarmStart(Generator generator, Documents documents) {
    this.generator = generator;
    this.documents = documents;
  }

  /** Begins in the background. */
  public void begin() {
    Thread.ofVirtual()
        .name("warm-start")
        .start(Context.current().withValue(Caller.KEY, Caller.LOCAL).wrap(this::run));
  }

  private void run() {
    long start = System.nanoTime();
    try {
      Generator.Figures unused = answer(newest().map(IndexedDocument::id).orElse(null));
      log.debug("warm after {} ms", (System.nanoTime() - start) / 1_000_000);
    } catch (RequestException | IndexException e) {
      // Somebody came, or the document is of another model: the next answer warms up.
      log.debug("not warmed up: {}", e.getMessage());
    }
  }

  /** Its use must not put off an end. */
  private Optional<IndexedDocument> newest() {
    return documents.list().stream()
        .findFirst()
        .filter(document -> document.life().extendByMillis() == 0);
  }

  private Generator.Figures answer(@Nullable String documentId) {
    return generator.generate(
        new Generator.Request(
            documentId,
            List.of(new Message("user", QUESTION)),
            Sampling.GREEDY,
            TOKENS,
            List.of(),
            null,
            null,
            0,
            false,
            false,
            "",
            Duration.ZERO,
            null,
            0),
        new Generator.Listener() {
          @Override
          public void token(String text, int token, float logProbability) {}

          @Override
          public void rest(String text) {}
        },
        () -> generator.running() > 1);
  }
}
