package io.ltri.fuzzing;

import java.io.IOException;
import java.util.List;

/** A reader of bytes from outside, as fuzzing sees it. Used by one thread at a time. */
public interface Fuzzed extends AutoCloseable {

  /** Sound input, and whatever has once been a finding. */
  List<byte[]> seeds() throws IOException;

  /** Pieces that the format is made of, to be put in anywhere. */
  default List<String> words() {
    return List.of();
  }

  /**
   * Reads it whole, or refuses it.
   *
   * @throws Exception anything but the refusals that the reader declares: a finding
   */
  void read(byte[] input) throws Exception;

  /** Most bytes that reading one input may allocate. */
  default long mostBytes() {
    return 256L << 20;
  }

  @Override
  default void close() throws IOException {}
}
