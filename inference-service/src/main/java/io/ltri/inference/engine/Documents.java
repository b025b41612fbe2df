package io.ltri.inference.engine;

import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.SpanIndex;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Documents: read once, then opened by any session. */
public final class Documents {
  private static final Logger log = LoggerFactory.getLogger(Documents.class);

  static final String TOKENS_SECTION = "tokens";

  /**
   * How far a reading is.
   *
   * @param textBytes of the document that became tokens, of totalTextBytes
   */
  public record Progress(long tokens, long textBytes, long totalTextBytes) {}

  /** Is told after each chunk. */
  public interface ProgressListener {
    void read(Progress progress);
  }

  /**
   * @param read false: it was known, nothing was read
   */
  public record Created(IndexedDocument document, boolean read) {}

  private final LanguageModel model;
  private final Memories memories;
  private final SpanIndex index;
  private final BlockCache cache;
  private final ComputeThread compute;
  private final ReadingSettings settings;
  private final Duration lookupDeadline;

  /**
   * @param settings of new documents; their policy can be chosen per document
   * @param lookupDeadline of a look-up while reading
   */
  public Documents(
      LanguageModel model,
      Memories memories,
      SpanIndex index,
      BlockCache cache,
      ComputeThread compute,
      ReadingSettings settings,
      Duration lookupDeadline) {
    this.model = model;
    this.memories = memories;
    this.index = index;
    this.cache = cache;
    this.compute = compute;
    this.settings = settings;
    this.lookupDeadline = lookupDeadline;
  }

  /**
   * Reads a text, unless it is known.
   *
   * @param text complete
   * @param system system message; empty: the template's own
   * @param policy null: the configured one
   * @param fresh read it even if it is known
   * @param cancelled asked before each chunk
   */
  public Created create(
      ReceivedText text,
      String title,
      String system,
      @Nullable PolicyName policy,
      boolean fresh,
      ProgressListener listener,
      BooleanSupplier cancelled) {
    ReadingSettings reading = settings(policy);
    Identity identity = identity(reading, system);
    String textSha256 = text.sha256();
    if (!fresh) {
      Optional<IndexedDocument> known = known(identity, textSha256);
      if (known.isPresent()) {
        return new Created(known.get(), false);
      }
    }
    IndexedDocument building =
        index.create(
            memories.layout(reading),
            Map.of("title", title, "text-bytes", Long.toString(text.sizeBytes())),
            false);
    boolean sealed = false;
    try {
      IndexedDocument document =
          read(
              building.id(),
              text,
              textSha256,
              title,
              system,
              reading,
              identity,
              listener,
              cancelled);
      sealed = true;
      return new Created(document, true);
    } finally {
      if (!sealed) {
        discard(building.id());
      }
    }
  }

  private IndexedDocument read(
      String id,
      ReceivedText text,
      String textSha256,
      String title,
      String system,
      ReadingSettings reading,
      Identity identity,
      ProgressListener listener,
      BooleanSupplier cancelled) {
    SequenceMemory memory = compute.run(() -> memories.reading(reading, lookupDeadline, id));
    try (Reader reader = Files.newBufferedReader(text.file(), StandardCharsets.UTF_8)) {
      TokenBuffer ids = new TokenBuffer();
      ChunkReader chunks =
          new ChunkReader(
              model.documentPrefix(system),
              model.tokenizer().stream(reader),
              reading.chunkTokens());
      for (int[] chunk = chunks.next(); chunk.length > 0; chunk = chunks.next()) {
        if (cancelled.getAsBoolean()) {
          throw new RequestException(
              RequestException.Reason.CANCELLED, "the reading was cancelled");
        }
        int[] tokens = chunk;
        float[] unused = compute.run(() -> model.pass(memory, tokens, false));
        ids.append(tokens);
        listener.read(new Progress(ids.size(), chunks.textBytes(), text.sizeBytes()));
      }
      Map<String, MemorySegment> tail =
          compute.run(
              () -> {
                memory.finish();
                return new LinkedHashMap<>(memory.tail());
              });
      MemorySegment tokenBytes = ids.bytes();
      tail.put(TOKENS_SECTION, tokenBytes);
      DocumentAttributes attributes =
          new DocumentAttributes(
              title,
              system,
              ids.size(),
              text.sizeBytes(),
              textSha256,
              identity.digest(Identity.sha256(tokenBytes.toArray(ValueLayout.JAVA_BYTE))),
              model.readWith(),
              identity.fields());
      return index.seal(id, attributes.toMap(), tail);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      compute.run(memory::close);
    }
  }

  private void discard(String id) {
    try {
      cache.forget(id);
      index.delete(id);
    } catch (IndexException e) {
      log.warn(
          "the unfinished document {} could not be discarded ({}); the index drops it at its next start",
          id,
          e.getMessage());
    }
  }

  public List<IndexedDocument> list() {
    return index.list();
  }

  /**
   * @throws RequestException if there is none
   */
  public IndexedDocument get(String id) {
    try {
      IndexedDocument document = index.get(id);
      if (document.sealed()) {
        return document;
      }
    } catch (IndexException e) {
      if (e.reason() != IndexException.Reason.NOT_FOUND) {
        throw e;
      }
    }
    throw unknown(id);
  }

  /**
   * @return bytes freed
   */
  public long delete(String id) {
    IndexedDocument document = get(id);
    cache.forget(document.id());
    return index.delete(document.id());
  }

  private static RequestException unknown(String id) {
    return new RequestException(
        RequestException.Reason.NOT_FOUND,
        "there is no document '" + id + "': list the documents for the handles of those there are");
  }

  /**
   * The settings under which a document was read.
   *
   * @throws RequestException if the running model or settings are others, naming the first field
   *     that differs
   */
  ReadingSettings settingsOf(IndexedDocument document) {
    DocumentAttributes attributes = DocumentAttributes.of(document);
    ReadingSettings reading =
        settings(PolicyName.of(attributes.identity().getOrDefault("policy", "ltri")));
    Map<String, String> running = identity(reading, attributes.system()).fields();
    Map<String, String> all = new TreeMap<>(running);
    all.putAll(attributes.identity());
    for (String field : all.keySet()) {
      String then = attributes.identity().getOrDefault(field, "absent");
      String now = running.getOrDefault(field, "absent");
      if (!then.equals(now)) {
        throw new RequestException(
            RequestException.Reason.INCOMPATIBLE,
            field
                + " differs (the document was read with "
                + then
                + ", the server runs "
                + now
                + "): read the document again, or start the server with the other one");
      }
    }
    return reading;
  }

  /**
   * The longest known document with which this text begins, of those that fit the running model and
   * settings.
   */
  Optional<IndexedDocument> prefixOf(String text, String system, ReadingSettings reading) {
    Identity identity = identity(reading, system);
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return readAs(identity)
        .filter(candidate -> candidate.attributes().textBytes() <= bytes.length)
        .sorted(Comparator.comparingLong((Known candidate) -> -candidate.attributes().textBytes()))
        .filter(
            candidate -> {
              MessageDigest sha = Identity.sha256();
              sha.update(bytes, 0, Math.toIntExact(candidate.attributes().textBytes()));
              return HexFormat.of()
                  .formatHex(sha.digest())
                  .equals(candidate.attributes().textSha256());
            })
        .map(Known::document)
        .findFirst();
  }

  ReadingSettings settings(@Nullable PolicyName policy) {
    return policy == null ? settings : settings.with(policy);
  }

  private Optional<IndexedDocument> known(Identity identity, String textSha256) {
    return readAs(identity)
        .filter(candidate -> candidate.attributes().textSha256().equals(textSha256))
        .map(Known::document)
        .findFirst();
  }

  private record Known(IndexedDocument document, DocumentAttributes attributes) {}

  /** Documents that the running model and settings would read alike. */
  private Stream<Known> readAs(Identity identity) {
    return index.list().stream()
        .map(document -> new Known(document, DocumentAttributes.of(document)))
        .filter(candidate -> candidate.attributes().identity().equals(identity.fields()));
  }

  private Identity identity(ReadingSettings reading, String system) {
    Map<String, String> fields = new TreeMap<>(reading.identity());
    fields.putAll(model.identity(system));
    return Identity.of(fields);
  }
}
