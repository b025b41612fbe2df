package io.ltri.benchmarks.system;

import io.ltri.benchmarks.figure.Answering;
import io.ltri.benchmarks.figure.MemoryUse;
import io.ltri.benchmarks.figure.Reading;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** A system that reads a text and answers about it; it remembers the text that it read last. */
interface Subject extends AutoCloseable {
  String name();

  /** Reads the text, whatever is known of it, and forgets the one before. */
  Reading read(Text text) throws IOException, InterruptedException;

  /**
   * Answers about the text that was read last; afterwards it knows no more than before.
   *
   * @param question which of some questions, from 0
   * @param tokens of the answer
   */
  Answering answer(int question, int tokens) throws IOException, InterruptedException;

  List<MemoryUse> memory() throws IOException, InterruptedException;

  /**
   * The bytes that a decode step has to read at least: weights, and keys and values of what it
   * attends to. 0: not known.
   */
  long bytesPerStep(Text text, List<Answering> answers);

  Map<String, String> facts() throws IOException;

  @Override
  void close();
}
