package io.ltri.inference.engine;

import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.SpanIndex;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One text on its way through the model into a document that is being built: from its beginning,
 * from where another document ends, from a boundary of a document that begins as it does, or from
 * the last checkpoint of an earlier reading.
 */
final class TextReading implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(TextReading.class);

  private final LanguageModel model;
  private final Memories memories;
  private final SpanIndex index;
  private final ComputeThread compute;
  private final Duration lookupDeadline;
  private final int checkpointTokens;
  private final int mostBoundaries;
  private final ReadingSettings settings;
  private final IndexedDocument building;

  /** On whose behalf. */
  private final String tenant;

  private final TokenBuffer ids = new TokenBuffer();
  private @Nullable SequenceMemory memory;

  /** Tokens of the document that this text continues. */
  private int before;

  private boolean checkpointed;
  private Boundaries boundaries = Boundaries.NONE;
  private Set<Long> kept = Set.of();

  TextReading(
      LanguageModel model,
      Memories memories,
      SpanIndex index,
      ComputeThread compute,
      Duration lookupDeadline,
      int checkpointTokens,
      int mostBoundaries,
      ReadingSettings settings,
      IndexedDocument building,
      String tenant) {
    this.model = model;
    this.memories = memories;
    this.index = index;
    this.compute = compute;
    this.lookupDeadline = lookupDeadline;
    this.checkpointTokens = checkpointTokens;
    this.mostBoundaries = mostBoundaries;
    this.settings = settings;
    this.building = building;
    this.tenant = tenant;
    this.checkpointed = building.checkpointTokens() > 0;
  }

  /**
   * @param parent the document that the text continues, or null
   * @param beginning of another document, with which the text begins, or null; not if it continues
   *     one
   * @return tokens that need not be read
   */
  long open(@Nullable IndexedDocument parent, @Nullable IndexedDocument beginning) {
    Map<String, MemorySegment> tail = Map.of();
    IndexedDocument under = parent == null ? beginning : parent;
    if (under != null) {
      tail = index.readTail(under.id());
    }
    if (parent == null) {
      long first = beginning == null ? 0 : DocumentAttributes.of(beginning).tokens();
      boundaries = Boundaries.of(first, checkpointTokens, settings.chunkTokens(), mostBoundaries);
    } else {
      // The chunks of its text do not lie as they would if all of it were read, so there is nothing
      // behind which another reading could go on.
      before = Math.toIntExact(DocumentAttributes.of(parent).tokens());
    }
    if (checkpointed) {
      tail = index.readTail(building.id());
      log.info(
          "document {}: an earlier reading goes on after {} tokens",
          building.id(),
          building.checkpointTokens());
    }
    if (!tail.isEmpty()) {
      ids.append(TokenBuffer.ofTail(tail).toArray());
    }
    kept = boundaries.keptAfter(ids.size());
    List<String> bases = under == null ? List.of() : under.searched();
    Map<String, MemorySegment> from = tail;
    memory =
        compute.run(
            () ->
                memories.reading(
                    settings, lookupDeadline, building.id(), building.spans() > 0, bases, from));
    return ids.size();
  }

  /**
   * Reads what was not read yet.
   *
   * @param prefix tokens before the text
   * @return the tail to be sealed
   */
  Map<String, MemorySegment> read(
      ReceivedText text,
      int[] prefix,
      Documents.ProgressListener listener,
      BooleanSupplier cancelled) {
    SequenceMemory reading = opened();
    try (Reader reader = Files.newBufferedReader(text.file(), StandardCharsets.UTF_8)) {
      ChunkReader chunks =
          new ChunkReader(prefix, model.tokenizer().stream(reader), settings.chunkTokens());
      skip(chunks);
      int last = ids.size();
      for (int[] chunk = chunks.next(); chunk.length > 0; chunk = chunks.next()) {
        requireWanted(cancelled);
        if (checkpointTokens > 0 && ids.size() - last >= checkpointTokens) {
          checkpoint(reading);
          last = ids.size();
        }
        int[] tokens = chunk;
        float[] unused =
            compute.pass(
                new SequencePass(
                    model.decoder(),
                    reading,
                    tokens,
                    false,
                    tenant,
                    true,
                    () -> {
                      requireWanted(cancelled);
                      return true;
                    }));
        ids.append(tokens);
        listener.read(new Documents.Progress(ids.size(), chunks.textBytes(), text.sizeBytes()));
      }
      Map<String, MemorySegment> tail =
          compute.run(
              () -> {
                reading.finish();
                return new LinkedHashMap<>(reading.tail());
              });
      tail.put(Documents.TOKENS_SECTION, ids.bytes());
      return tail;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void requireWanted(BooleanSupplier cancelled) {
    if (cancelled.getAsBoolean()) {
      throw new RequestException(RequestException.Reason.CANCELLED, "the reading was cancelled");
    }
  }

  /** Past the chunks that an earlier reading had. */
  private void skip(ChunkReader chunks) throws IOException {
    int[] known = ids.toArray();
    int at = before;
    while (at < known.length) {
      int[] chunk = chunks.next();
      if (chunk.length == 0
          || at + chunk.length > known.length
          || !Arrays.equals(chunk, Arrays.copyOfRange(known, at, at + chunk.length))) {
        checkpointed = false;
        throw new IllegalStateException(
            "the checkpoint of document "
                + building.id()
                + " does not fit the text after "
                + at
                + " tokens");
      }
      at += chunk.length;
    }
  }

  private void checkpoint(SequenceMemory reading) {
    Map<String, MemorySegment> resident =
        compute.run(
            () -> {
              Map<String, MemorySegment> tail = reading.checkpoint();
              return tail == null ? null : new LinkedHashMap<>(tail);
            });
    if (resident == null) {
      return;
    }
    resident.put(Documents.TOKENS_SECTION, ids.bytes());
    kept = boundaries.keptAfter(ids.size());
    index.checkpoint(building.id(), ids.size(), kept, resident);
    checkpointed = true;
  }

  /** All tokens of the document, with those of the one that it continues. */
  TokenBuffer ids() {
    return ids;
  }

  /** Tokens before the boundaries of the document, ascending. */
  List<Integer> boundaries() {
    return kept.stream().map(Math::toIntExact).sorted().toList();
  }

  /** Whether a later reading can go on from here. */
  boolean checkpointed() {
    return checkpointed;
  }

  private SequenceMemory opened() {
    SequenceMemory reading = memory;
    if (reading == null) {
      throw new IllegalStateException("not opened");
    }
    return reading;
  }

  @Override
  public void close() {
    SequenceMemory reading = memory;
    if (reading != null) {
      compute.run(reading::close);
    }
  }
}
