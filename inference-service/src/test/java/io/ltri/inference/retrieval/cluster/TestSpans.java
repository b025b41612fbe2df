package io.ltri.inference.retrieval.cluster;

import io.ltri.inference.retrieval.BlockLayout;
import io.ltri.inference.retrieval.OffloadedSpan;
import io.ltri.inference.retrieval.SpanBlock;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Spans and queries made from seeds. */
final class TestSpans {

  static final BlockLayout LAYOUT = new BlockLayout(2, 4, 2, 8, 4, 0.35f);

  private TestSpans() {}

  static List<OffloadedSpan> spans(long seed, int from, int count) {
    Random random = new Random(seed);
    List<OffloadedSpan> spans = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      float[] vectors = new float[2 * 8];
      for (int v = 0; v < vectors.length; v++) {
        vectors[v] = random.nextFloat() - 0.5f;
      }
      byte[] keys = new byte[LAYOUT.partBytes(3)];
      MemorySegment floats = MemorySegment.ofArray(keys);
      for (int v = 0; v < keys.length / 4; v++) {
        floats.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * v, random.nextFloat() - 0.5f);
      }
      int start = from + 3 * i;
      spans.add(new OffloadedSpan(1, 1, vectors, new SpanBlock(start, start + 3, floats, floats)));
    }
    return spans;
  }

  static MemorySegment query(long seed) {
    Random random = new Random(seed);
    MemorySegment query = MemorySegment.ofArray(new byte[4 * 8 * 4]);
    for (int i = 0; i < 32; i++) {
      query.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, random.nextFloat() - 0.5f);
    }
    return query;
  }
}
