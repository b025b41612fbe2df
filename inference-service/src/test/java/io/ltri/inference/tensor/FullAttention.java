package io.ltri.inference.tensor;

import java.util.ArrayList;
import java.util.List;

/** Runs tokens through a decoder with everything so far resident. */
final class FullAttention implements AutoCloseable {

  private final Decoder decoder;
  private final List<KvArena> arenas = new ArrayList<>();
  private int position;

  FullAttention(Decoder decoder, StorageType storage) {
    this.decoder = decoder;
    for (int layer = 0; layer < decoder.shape().layers(); layer++) {
      arenas.add(decoder.newArena(16, storage));
    }
  }

  List<KvArena> arenas() {
    return arenas;
  }

  /** Logits of all tokens, [tokens.length, vocabulary]. */
  float[] append(int... tokens) {
    try (Step step = pass(tokens)) {
      return step.allLogits();
    }
  }

  float[] appendForLast(int... tokens) {
    try (Step step = pass(tokens)) {
      return step.logits();
    }
  }

  private Step pass(int... tokens) {
    Step step = decoder.begin(tokens);
    int length = position + tokens.length;
    for (int layer = 0; layer < arenas.size(); layer++) {
      KvArena arena = arenas.get(layer);
      arena.ensureCapacity(length);
      step.project(layer, arena, position);
      step.attend(layer, arena, 0, length, 0, 0);
    }
    position = length;
    return step;
  }

  @Override
  public void close() {
    arenas.forEach(KvArena::close);
  }
}
