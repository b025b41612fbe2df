package io.ltri.index.store;

import io.ltri.index.store.RandomSpans.Plain;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * A text's worth of random spans and a tail, all from a seed, and digests of its beginnings:
 * computed from the numbers themselves, and again from what a store answers. Batch {@code b} of a
 * layer is appended in step {@code b}; each step ends {@link #TOKENS_PER_STEP} tokens on.
 */
final class Contents {

  static final DocumentLayout LAYOUT = new DocumentLayout(3, 4, 2, 8, StorageType.BF16, 0.5f);
  static final int TOKENS_PER_STEP = 64;

  private final long seed;
  private final int steps;
  private final List<List<List<Plain>>> batches = new ArrayList<>();

  Contents(long seed, int steps, int firstToken) {
    this.seed = seed;
    this.steps = steps;
    RandomSpans random = new RandomSpans(seed, LAYOUT);
    Random counts = new Random(seed);
    for (int step = 0; step < steps; step++) {
      List<List<Plain>> ofLayers = new ArrayList<>();
      for (int layer = 0; layer < LAYOUT.layers(); layer++) {
        int first = firstToken + step * TOKENS_PER_STEP;
        ofLayers.add(random.spans(1 + counts.nextInt(7), first, 5, 3));
      }
      batches.add(ofLayers);
    }
  }

  /** A text that its title, "text-SEED-STEPS", says all of. */
  static Contents titled(String title) {
    String[] words = title.split("-");
    return new Contents(Long.parseLong(words[1]), Integer.parseInt(words[2]), 0);
  }

  int steps() {
    return steps;
  }

  void append(DocumentStore store, String id, int step) {
    for (int layer = 0; layer < LAYOUT.layers(); layer++) {
      store.append(id, layer, RandomSpans.news(batches.get(step).get(layer)));
    }
  }

  /** What goes on after this many steps; told apart from that after any other number. */
  Map<String, byte[]> tail(int stepsDone) {
    Random random = new Random(31 * seed + stepsDone);
    byte[] state = new byte[3_000];
    random.nextBytes(state);
    byte[] ids = new byte[40];
    random.nextBytes(ids);
    return new TreeMap<>(
        Map.of("ids", ids, "state", state, "steps", new byte[] {(byte) stepsDone}));
  }

  /** The first of them becomes a boundary. */
  void checkpoint(DocumentStore store, String id, int stepsDone) {
    try (CheckpointSession session =
        store.beginCheckpoint(
            id, (long) stepsDone * TOKENS_PER_STEP, Set.of((long) TOKENS_PER_STEP))) {
      tail(stepsDone).forEach((name, bytes) -> session.tail(name, ByteBuffer.wrap(bytes)));
      session.finish();
    }
  }

  DocumentSummary seal(DocumentStore store, String id, boolean promote) {
    try (SealSession session = store.beginSeal(id, promote)) {
      tail(steps).forEach((name, bytes) -> session.tail(name, ByteBuffer.wrap(bytes)));
      return session.finish(Map.of("sealed", "yes"), SearchMode.SCAN, SealFacts.NONE);
    }
  }

  String digest(int stepsDone) {
    MessageDigest digest = sha256();
    for (int layer = 0; layer < LAYOUT.layers(); layer++) {
      for (int step = 0; step < stepsDone; step++) {
        for (Plain span : batches.get(step).get(layer)) {
          add(
              digest,
              layer,
              span.start(),
              span.end(),
              Float.floatToIntBits(span.span().score()),
              Float.floatToIntBits(span.span().confidence()));
          digest.update(span.span().vectors().duplicate());
          digest.update(span.span().keys().duplicate());
          digest.update(span.span().values().duplicate());
        }
      }
    }
    tail(stepsDone)
        .forEach(
            (name, bytes) -> {
              add(digest, name.hashCode(), bytes.length);
              digest.update(bytes);
            });
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Reads everything that the store holds of a document. */
  static String digest(DocumentStore store, String id) {
    MessageDigest digest = sha256();
    try (OpenDocument document = store.open(id)) {
      for (int number = 0; number < LAYOUT.layers(); number++) {
        LayerView layer = document.layer(number);
        for (int span = 0; span < layer.spanCount(); span++) {
          SpanRecord record = layer.record(span);
          add(
              digest,
              number,
              record.start(),
              record.end(),
              Float.floatToIntBits(record.score()),
              Float.floatToIntBits(record.confidence()));
          for (int i = 0; i < record.vectors(); i++) {
            for (int head = 0; head < LAYOUT.kvHeads(); head++) {
              digest.update(vector(layer, head, record.firstVector() + i));
            }
          }
          digest.update(layer.keys(span).toArray(ValueLayout.JAVA_BYTE));
          digest.update(layer.values(span).toArray(ValueLayout.JAVA_BYTE));
        }
      }
    }
    try (DocumentTail tail = store.openTail(id)) {
      for (String name : tail.sections()) {
        byte[] bytes = tail.read(name).toArray(ValueLayout.JAVA_BYTE);
        add(digest, name.hashCode(), bytes.length);
        digest.update(bytes);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static byte[] vector(LayerView layer, int head, int ordinal) {
    for (LayerView.VectorRun run : layer.runs(head)) {
      if (ordinal < run.first() + run.count()) {
        long at = (long) (ordinal - run.first()) * LAYOUT.vectorBytes();
        return run.vectors().asSlice(at, LAYOUT.vectorBytes()).toArray(ValueLayout.JAVA_BYTE);
      }
    }
    throw new AssertionError("no vector " + ordinal);
  }

  private static void add(MessageDigest digest, int... numbers) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
    Arrays.stream(numbers).forEach(bytes::putInt);
    digest.update(bytes.flip());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
