package io.ltri.benchmarks.system;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is to be measured.
 *
 * @param label of the result
 * @param command that was given
 * @param lengths of texts, in tokens
 * @param rounds answers by each system about each text, in turn
 * @param readings how often each text is read
 * @param tokens of an answer
 * @param warmUp whether each system first reads and answers something that is not measured
 * @param sequences how many answers at the same time; empty: not measured
 * @param sequencesLength of the text that they are about
 * @param whileReading length of a text that is read while an answer is made; 0: not measured
 * @param profile whether a profile of each length is taken
 * @param bandwidthBytes of the block by which reading memory is measured; 0: not measured
 * @param haystack null: natural text that is fetched, or a generated one
 * @param generated whether the text is a generated one
 */
public record Plan(
    String label,
    String command,
    List<Integer> lengths,
    int rounds,
    int readings,
    int tokens,
    boolean warmUp,
    List<Integer> sequences,
    int sequencesLength,
    int whileReading,
    boolean profile,
    long bandwidthBytes,
    @Nullable Path haystack,
    boolean generated,
    @Nullable Peer peer) {

  /**
   * A system to compare with.
   *
   * @param command that starts its interpreter
   * @param threads of its own
   * @param flashAttention as llama.cpp numbers it
   * @param most the longest text that it gets
   * @param reads the longest text that it reads as a whole; of longer ones the time is estimated
   */
  public record Peer(List<String> command, int threads, int flashAttention, int most, int reads) {}
}
