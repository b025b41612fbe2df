package io.ltri.benchmarks.kernel;

import io.ltri.index.store.DocumentLayout;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.FileLayer;
import io.ltri.index.store.NewSpan;
import io.ltri.index.store.SealSession;
import io.ltri.index.store.SearchMode;
import io.ltri.index.store.StorageType;
import io.ltri.index.store.StoreSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/**
 * A sealed document of one layer in a store of its own: spans of 18 tokens with 3 vectors, 9 query
 * heads, 3 KV heads of 64, bf16, seed 1.
 */
final class RandomDocument implements AutoCloseable {
  static final DocumentLayout LAYOUT = new DocumentLayout(1, 9, 3, 64, StorageType.BF16, 0.125f);
  static final int SPAN_TOKENS = 18;
  private static final int VECTORS = 3;

  private final Random random = new Random(1);
  private final Path folder;
  private final DocumentStore store;
  private final String id;

  RandomDocument(int spans) throws IOException {
    folder = Files.createTempDirectory("ltri-benchmark");
    store =
        new DocumentStore(new StoreSettings(folder, 10, Integer.MAX_VALUE, 16), FileLayer.system());
    id = store.create(LAYOUT, Map.of(), false).id();
    List<NewSpan> all = new ArrayList<>(spans);
    for (int i = 0; i < spans; i++) {
      all.add(span(SPAN_TOKENS * i));
    }
    store.append(id, 0, all);
    try (SealSession session = store.beginSeal(id)) {
      session.finish(Map.of(), SearchMode.SCAN);
    }
  }

  DocumentStore store() {
    return store;
  }

  String id() {
    return id;
  }

  float[] floats(int count) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }

  private NewSpan span(int start) {
    int numbers = LAYOUT.kvHeads() * SPAN_TOKENS * LAYOUT.headDim();
    ByteBuffer vectors =
        ByteBuffer.allocate(4 * VECTORS * LAYOUT.kvHeads() * LAYOUT.headDim())
            .order(ByteOrder.LITTLE_ENDIAN);
    vectors.asFloatBuffer().put(floats(vectors.capacity() / 4));
    return new NewSpan(start, start + SPAN_TOKENS, 0, 0, vectors, bf16(numbers), bf16(numbers));
  }

  private ByteBuffer bf16(int count) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * count).order(ByteOrder.LITTLE_ENDIAN);
    for (float number : floats(count)) {
      bytes.putShort((short) (Float.floatToIntBits(number) >>> 16));
    }
    return bytes.flip();
  }

  @Override
  public void close() throws IOException {
    store.close();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
